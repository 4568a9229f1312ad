"""The large recipe: LoRA on any causal model, through Unsloth, or else TRL and PEFT."""

from __future__ import annotations

import importlib.util
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from schemas.errors import SettingsError
from training.dataset import chat
from training.finetune import recipe_of, write_losses
from training.generator.sample import Generator
from training.settings import Large

log = logging.getLogger(__name__)
TARGETS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
NEEDED = ("datasets", "peft", "transformers", "trl")


def requirements(settings: Large, cuda: bool) -> bool:
    """Whether Unsloth can be used; refuses where nothing can.

    Raises:
        SettingsError: a package or the CUDA device is missing.
    """
    missing = [p for p in NEEDED if importlib.util.find_spec(p) is None]
    if settings.load_in_4bit and importlib.util.find_spec("bitsandbytes") is None:
        missing.append("bitsandbytes")
    if missing:
        raise SettingsError(
            f"the large recipe needs {', '.join(missing)}",
            hint="Use the training container, or pip install the packages of training/README.md.",
        )
    if cuda and not torch.cuda.is_available():
        raise SettingsError(
            "the large recipe needs a CUDA device",
            hint="Run it on a CUDA machine, or pass --cpu for a trial with a small base.",
        )
    return cuda and importlib.util.find_spec("unsloth") is not None


def finetune(
    settings: Large,
    *,
    cuda: bool = True,
    progress: Callable[[float, str], None] = lambda *_: None,
) -> Path:
    """Train; write the loss curve, the adapter (``adapter``) and the whole model (``merged``).

    Raises:
        SettingsError: a requirement is missing.
    """
    unsloth = requirements(settings, cuda)
    if not unsloth:
        progress(0.0, "training through TRL and PEFT, without Unsloth")
    model, tokenizer = _with_unsloth(settings) if unsloth else _with_peft(settings, cuda)
    trainer = _trainer(settings, model, tokenizer, cuda)
    trainer.add_callback(_reporter(progress))
    checkpoints = list(settings.output.glob("checkpoint-*"))
    trainer.train(resume_from_checkpoint=bool(checkpoints))
    write_losses(_losses(trainer, settings), settings.output / "loss.csv")
    adapter = settings.output / "adapter"
    trainer.model.save_pretrained(adapter)
    tokenizer.save_pretrained(adapter)
    merged = settings.output / "merged"
    if unsloth:
        trainer.model.save_pretrained_merged(merged, tokenizer, save_method="merged_16bit")
    else:
        progress(1.0, "merging the adapter into the base at 16 bits")
        _merged(settings.base, adapter).save_pretrained(merged)
        tokenizer.save_pretrained(merged)
    progress(1.0, f"adapter in {adapter}, merged model in {merged}")
    return merged


def _with_unsloth(settings: Large) -> tuple[Any, Any]:
    from unsloth import FastLanguageModel  # type: ignore[import-not-found, unused-ignore]

    model, tokenizer = FastLanguageModel.from_pretrained(
        settings.base, max_seq_length=settings.longest, load_in_4bit=settings.load_in_4bit
    )
    model = FastLanguageModel.get_peft_model(
        model,
        r=settings.rank,
        lora_alpha=settings.alpha,
        target_modules=TARGETS,
        use_gradient_checkpointing="unsloth",
        random_state=settings.data.seed,
    )
    return model, tokenizer


def _with_peft(settings: Large, cuda: bool) -> tuple[Any, Any]:
    from peft import LoraConfig, get_peft_model  # type: ignore[import-not-found, unused-ignore]
    from transformers import AutoModelForCausalLM, AutoTokenizer, BitsAndBytesConfig

    four = BitsAndBytesConfig(  # type: ignore[no-untyped-call, unused-ignore]
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=torch.bfloat16
    )
    model = AutoModelForCausalLM.from_pretrained(
        settings.base,
        dtype=torch.bfloat16 if cuda else torch.float32,
        device_map="cuda" if cuda else "cpu",
        quantization_config=four if settings.load_in_4bit else None,
    )
    adapter = LoraConfig(
        r=settings.rank, lora_alpha=settings.alpha, target_modules=TARGETS, task_type="CAUSAL_LM"
    )
    return get_peft_model(model, adapter), AutoTokenizer.from_pretrained(settings.base)


def _losses(trainer: Any, settings: Large) -> list[tuple[int, float, float]]:
    a_step = settings.batch * settings.accumulate
    told = [row for row in trainer.state.log_history if "loss" in row]
    return [(row["step"] * a_step, row["loss"], row["learning_rate"]) for row in told]


def _merged(base: str, adapter: Path) -> Any:
    """The base as it was published with the adapter added: 4-bit weights cannot hold it."""
    from peft import PeftModel  # type: ignore[import-not-found, unused-ignore]
    from transformers import AutoModelForCausalLM

    whole = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float16)
    return PeftModel.from_pretrained(whole, adapter).merge_and_unload()


def _trainer(settings: Large, model: Any, tokenizer: Any, cuda: bool) -> Any:
    from datasets import Dataset  # type: ignore[import-not-found, unused-ignore]
    from trl import SFTConfig, SFTTrainer  # type: ignore[import-not-found, unused-ignore]

    generator = Generator(recipe_of(settings.data))
    rows = [_turns(chat(s)) for s in generator.samples(settings.data.seed, settings.samples)]
    arguments = SFTConfig(
        output_dir=str(settings.output),
        per_device_train_batch_size=settings.batch,
        gradient_accumulation_steps=settings.accumulate,
        num_train_epochs=settings.epochs,
        max_steps=settings.max_steps,
        learning_rate=settings.learning_rate,
        lr_scheduler_type="linear",
        warmup_steps=5,
        optim="adamw_8bit" if settings.load_in_4bit else "adamw_torch",
        bf16=cuda,
        use_cpu=not cuda,
        max_length=settings.longest,
        completion_only_loss=True,
        logging_steps=10,
        save_steps=500,
        seed=settings.data.seed,
        report_to="none",
    )
    return SFTTrainer(
        model=model,
        args=arguments,
        train_dataset=Dataset.from_list(rows),
        processing_class=tokenizer,
    )


def _turns(row: dict[str, Any]) -> dict[str, Any]:
    """Prompt and completion apart, so that loss falls on the answer only."""
    user, assistant = row["messages"]
    return {"prompt": [user], "completion": [assistant]}


def _reporter(progress: Callable[[float, str], None]) -> Any:
    from transformers import TrainerCallback

    class Reporter(TrainerCallback):  # type: ignore[misc, unused-ignore]
        def on_log(self, _args: Any, state: Any, _control: Any, logs: Any = None, **_: Any) -> None:  # type: ignore[override, unused-ignore]
            loss = (logs or {}).get("loss")
            if loss is not None:
                progress(state.global_step / max(1, state.max_steps), f"loss {loss}")

    return Reporter()
