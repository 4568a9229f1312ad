"""An embedder's weights in the form llama.cpp reads, made once and kept beside the knowledge."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from knowledge_base.bert import SPECIAL, Bert
from schemas.errors import EmbedderMissing

_FORM = 1
"""Counts up when what ``_write`` writes changes: files of another form are left alone."""

_SEAL = hashlib.sha256().digest_size
"""Bytes behind the file's content that tell whether it is whole; readers of GGUF pass over them."""

_BLOCK = 1 << 20

_ROWS = "token_embd.weight"
"""More than half of the weights, and each word takes one row: rounded to eight bits it moves a
vector by 0.0001 of cosine. The matrices stay at sixteen: at eight they move it by 0.002."""

_LEFT_OUT = ("pooler.", "embeddings.position_ids")


@contextmanager
def gguf_of(
    bert: Bert, name: str, folder: Path | None, progress: Callable[[str], None]
) -> Iterator[Path]:
    """The GGUF of a BERT: the one kept in the folder, or made now.

    Without a folder, or where it cannot be written, a file that is gone afterwards.

    Raises:
        EmbedderMissing: the weights are not what their configuration says, or there is no room.
    """
    kept = None if folder is None else folder / f"{name}.{_FORM}.gguf"
    if kept is not None and (_is_whole(kept) or _made(bert, kept, progress)):
        yield kept
        return
    try:
        with tempfile.TemporaryDirectory() as passing:
            made = Path(passing) / "embedder.gguf"
            _write(bert, made)
            yield made
    except OSError as error:
        raise EmbedderMissing(
            f"the embedder cannot be converted: {error}",
            hint="Make the folder of KNOWLEDGE__PATH or that of temporary files writable.",
        ) from error


def _is_whole(file: Path) -> bool:
    digest = hashlib.sha256()
    try:
        with file.open("rb") as content:
            left = file.stat().st_size - _SEAL
            while block := content.read(max(0, min(left, _BLOCK))):
                digest.update(block)
                left -= len(block)
            return content.read() == digest.digest()
    except OSError:
        return False


def _made(bert: Bert, kept: Path, progress: Callable[[str], None]) -> bool:
    progress("converting the embedder")
    try:
        _keep(bert, kept)
    except OSError as error:
        progress(f"the converted embedder is not kept: {error}")
        return False
    return True


def _keep(bert: Bert, kept: Path) -> None:
    """Beside it first: who starts at the same time sees all of the file or none."""
    kept.parent.mkdir(parents=True, exist_ok=True)
    handle, beside = tempfile.mkstemp(dir=kept.parent, prefix=f"{kept.name}.")
    os.close(handle)
    try:
        _write(bert, Path(beside))
        with open(beside, "r+b") as file:
            seal = hashlib.file_digest(file, "sha256").digest()
            file.write(seal)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, kept)
    except BaseException:
        os.unlink(beside)
        raise


def _write(bert: Bert, path: Path) -> None:
    import gguf  # a quarter of a second, at the first start alone

    shape = bert.architecture
    writer = gguf.GGUFWriter(path, "bert")
    writer.add_context_length(shape.max_position_embeddings)
    writer.add_embedding_length(shape.hidden_size)
    writer.add_feed_forward_length(shape.intermediate_size)
    writer.add_block_count(shape.num_hidden_layers)
    writer.add_head_count(shape.num_attention_heads)
    writer.add_layer_norm_eps(shape.layer_norm_eps)
    writer.add_causal_attention(False)
    writer.add_pooling_type(gguf.PoolingType[bert.pooling.upper()])
    writer.add_token_type_count(shape.type_vocab_size)
    _add_words(writer, bert)
    _add_weights(writer, bert)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _add_words(writer: Any, bert: Bert) -> None:
    """llama.cpp marks where a word begins, BERT where it goes on."""
    from gguf import TokenType

    words = {number: word for word, number in bert.tokenizer.get_vocab().items()}
    ordered = [words.get(n, f"[unused{n}]") for n in range(bert.architecture.vocab_size)]
    special = set(SPECIAL.values())
    writer.add_tokenizer_model("bert")
    writer.add_token_list(
        [w if w in special else w[2:] if w.startswith("##") else f"\u2581{w}" for w in ordered]
    )
    writer.add_token_types(
        [TokenType.CONTROL if w in special else TokenType.NORMAL for w in ordered]
    )
    for name, number in bert.special.items():
        add: Callable[[int], None] = getattr(writer, f"add_{name}_token_id")
        add(number)


def _add_weights(writer: Any, bert: Bert) -> None:
    import gguf
    from safetensors import safe_open

    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.BERT, bert.architecture.num_hidden_layers)
    eight = gguf.GGMLQuantizationType.Q8_0
    with safe_open(bert.weights, framework="numpy") as file:
        for theirs in file.keys():  # noqa: SIM118  not a mapping
            if theirs.startswith(_LEFT_OUT):
                continue
            weights = file.get_tensor(theirs).astype(np.float32)
            name = names.get_name(theirs, try_suffixes=(".weight", ".bias"))
            if name is None:
                raise EmbedderMissing(f"{bert.weights} has {theirs}, which no BERT has")
            if name == _ROWS and weights.shape[1] % 32 == 0:
                writer.add_tensor(name, gguf.quants.quantize(weights, eight), raw_dtype=eight)
            elif name.startswith("blk.") and weights.ndim == 2:
                writer.add_tensor(name, weights.astype(np.float16))
            else:
                writer.add_tensor(name, weights)
