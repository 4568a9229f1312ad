"""Files as llama.cpp reads them, asked in a process that holds neither torch nor matplotlib.

On a CUDA machine with a prebuilt llama-cpp-python, a process that imported either of them after it
ended in a segmentation fault.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path
from typing import ParamSpec, TypeVar

from schemas.errors import ModelFileCorrupt
from training.prompt import LONGEST_ANSWER, STOP, prompt

K_QUANTS = ("q4_k_m", "q5_k_m", "q6_k")
"""Made by llama.cpp itself; it falls back tensor by tensor where a row is no multiple of 256."""

MOST_THREADS = 4
"""Of a model this small: with all of a large machine's cores they mostly wait for each other."""

P = ParamSpec("P")
T = TypeVar("T")


def apart(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call a function of a module without torch in a fresh process.

    Raises:
        ModelFileCorrupt: the process died.
    """
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        try:
            return pool.submit(function, *args, **kwargs).result()
        except BrokenProcessPool as error:
            raise ModelFileCorrupt(f"llama.cpp died in {function.__name__}: {error}") from error


def k_quant(source: Path, target: Path, form: str) -> None:
    """Write ``source`` in one of ``K_QUANTS``.

    Raises:
        ModelFileCorrupt: llama.cpp could not.
    """
    import llama_cpp

    kinds = {
        "q4_k_m": llama_cpp.LLAMA_FTYPE_MOSTLY_Q4_K_M,
        "q5_k_m": llama_cpp.LLAMA_FTYPE_MOSTLY_Q5_K_M,
        "q6_k": llama_cpp.LLAMA_FTYPE_MOSTLY_Q6_K,
    }
    parameters = llama_cpp.llama_model_quantize_default_params()
    parameters.ftype = kinds[form]
    code = llama_cpp.llama_model_quantize(str(source).encode(), str(target).encode(), parameters)
    if code:
        raise ModelFileCorrupt(f"llama.cpp could not write {form} from {source} (code {code})")


def reloaded(path: Path, texts: Sequence[str]) -> list[str]:
    """Greedy, unconstrained answers of the file through llama.cpp.

    Raises:
        ModelFileCorrupt: llama.cpp cannot load it.
    """
    import llama_cpp

    from models.gguf import spell_whole_tokens, threads
    from models.options import LlamaCppOptions

    few = min(MOST_THREADS, threads(LlamaCppOptions(path=path)))
    try:
        llama = llama_cpp.Llama(str(path), n_ctx=1024, n_threads=few, verbose=False)
    except ValueError as error:
        raise ModelFileCorrupt(f"llama.cpp cannot load {path}: {error}") from error
    spell_whole_tokens(llama)
    stop = llama.tokenize(STOP.encode(), add_bos=False, special=True)[0]
    written: list[str] = []
    for text in texts:
        tokens = llama.tokenize(prompt(text).encode(), add_bos=False, special=True)
        answer: list[int] = []
        for token in llama.generate(tokens, temp=0.0, top_k=1):
            if token == stop or len(answer) >= LONGEST_ANSWER:
                break
            answer.append(token)
        written.append(llama.detokenize(answer).decode(errors="replace"))
    llama.close()
    return written
