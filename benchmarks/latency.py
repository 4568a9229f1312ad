"""What one plan costs: ours beside the other ways to constrain the same model.

    python -m benchmarks.latency [--cases 40] [--data ../shared/eval] [--clients 1 4 16] [--http]

Every contender gets the same weights, prompts, threads and OpenMP settings; they take turns, case
by case, so that a busy machine slows them alike. Beside them stand two floors: the bytes of the
weights moved once an evaluation at the bandwidth of the memory they are in (measured on a CPU; for
a GPU name it with --bandwidth), and one pass of the same model over all tokens of prompt and answer
at once, which is what is left when nothing has to be chosen one by one.

Writes a table, JSON and a plot; for each further --model its own, named after it.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol

import httpx
import llama_cpp
import numpy as np
import outlines
import psutil
import yaml
from llama_cpp.llama_grammar import LlamaGrammar
from outlines.types import CFG
from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.accuracy import read_sets
from benchmarks.service import running
from models import gguf
from models.base import Decoded
from models.catalogue import answer_schema
from models.context import Context
from models.llama_cpp import LlamaCppModel
from models.options import DEFAULT_WEIGHTS, LlamaCppOptions
from schemas.commands import COMMANDS
from schemas.errors import ModelAnswerInvalid
from schemas.grammar import grammar

RESULTS = Path(__file__).parent / "results"
CORPUS = Path(__file__).parent.parent / "tests" / "corpus.yaml"
COMMANDS_BY_TAG = {command.tag(): command for command in COMMANDS}
MAX_TOKENS = 400
CONTEXT = 1024


@dataclass(frozen=True, slots=True)
class Run:
    """One answer of one contender."""

    milliseconds: float
    tokens: int
    evaluations: int
    first_command: float | None = None
    """Milliseconds to the first whole command, where the contender streams it."""
    written: str = ""
    outside: float | None = None
    """Milliseconds of it outside llama.cpp's evaluations, where that is known."""


class Contender(Protocol):
    """One way to get a plan."""

    name: str

    def run(self, text: str) -> Run:
        """Answer one utterance."""


class Ours:
    """The service's decoder, in process."""

    name = "ours"

    def __init__(self, model: LlamaCppModel) -> None:
        self._model = model

    def run(self, text: str) -> Run:
        """One answer at once, and the same once more as it is heard command by command."""
        begun, evaluating = time.perf_counter(), self._model.seconds
        try:
            decoded = self._model.plan(text)
        except ModelAnswerInvalid as fault:
            return Run(_since(begun), 0, 0, written=fault.code)
        elapsed = _since(begun)
        outside = elapsed - 1e3 * (self._model.seconds - evaluating)
        return Run(
            elapsed,
            decoded.tokens,
            decoded.evaluations,
            self._first_command(text),
            _written(decoded),
            outside,
        )

    def _first_command(self, text: str) -> float | None:
        first: list[float] = []
        begun = time.perf_counter()
        self._model.plan(text, on_command=lambda _: first.append(_since(begun)))
        return first[0] if first else None


class Service:
    """The running service, over HTTP, without grounding."""

    name = "ours, over HTTP"

    def __init__(self, url: str) -> None:
        self._client = httpx.Client(base_url=url, timeout=60)

    def run(self, text: str) -> Run:
        body = {"text": text, "ground": False}
        begun = time.perf_counter()
        answer = self._client.post("/v1/interpret", json=body)
        elapsed = _since(begun)
        first, begun = None, time.perf_counter()
        with self._client.stream("POST", "/v1/interpret/stream", json=body) as events:
            for line in events.iter_lines():
                if first is None and line == "event: command":
                    first = _since(begun)
        written = json.dumps({"commands": _spoken(answer.json().get("commands", []))})
        return Run(elapsed, 0, 0, first, written)

    def close(self) -> None:
        self._client.close()


class StockOutlines:
    """Outlines as its documentation uses it, with the same grammar."""

    name = "stock Outlines"

    def __init__(self, llama: llama_cpp.Llama, render: Callable[[str], str]) -> None:
        self._llama, self._render = llama, render
        model = outlines.from_llamacpp(llama, chat_mode=False)
        self._generator: Any = outlines.Generator(model, CFG(grammar()), backend="llguidance")

    def run(self, text: str) -> Run:
        begun = time.perf_counter()
        answer = self._generator(self._render(text), max_tokens=MAX_TOKENS, temperature=0.0)
        elapsed = _since(begun)
        tokens = len(self._llama.tokenize(answer.encode(), add_bos=False)) + 1
        return Run(elapsed, tokens, tokens, written=answer)


class Completion:
    """llama-cpp-python's own completion: with a GBNF grammar, or free."""

    def __init__(
        self,
        name: str,
        llama: llama_cpp.Llama,
        render: Callable[[str], str],
        constraint: LlamaGrammar | None,
    ) -> None:
        self.name = name
        self._llama, self._render, self._grammar = llama, render, constraint

    def run(self, text: str) -> Run:
        begun = time.perf_counter()
        answer: Any = self._llama.create_completion(
            self._render(text), max_tokens=MAX_TOKENS, temperature=0.0, grammar=self._grammar
        )
        elapsed = _since(begun)
        tokens = int(answer["usage"]["completion_tokens"])
        return Run(elapsed, tokens, tokens, written=answer["choices"][0]["text"])


class Floor:
    """The model's work alone: prompt and answer, known beforehand, in one pass."""

    name = "one pass over all tokens"

    def __init__(
        self,
        llama: llama_cpp.Llama,
        render: Callable[[str], str],
        known: dict[str, str],
        options: LlamaCppOptions,
    ) -> None:
        self._llama, self._render, self._known = llama, render, known
        self.context = Context(
            llama.model,
            length=CONTEXT,
            sequences=1,
            batch=512,
            threads=gguf.threads(options),
            flash_attention=options.flash_attention,
            pooled=True,
        )

    def run(self, text: str) -> Run:
        whole = self._render(text) + self._known[text]
        tokens = self._llama.tokenize(whole.encode(), add_bos=False, special=True)[:512]
        begun = time.perf_counter()
        self.context.add(0, 0, tokens, [len(tokens) - 1])
        self.context.evaluate()
        elapsed = _since(begun)
        self.context.truncate(0, 0)
        return Run(elapsed, len(tokens), 1)


class Server:
    """llama.cpp's own server with the answer's JSON Schema."""

    name = "llama-server json_schema"

    def __init__(
        self, binary: Path, options: LlamaCppOptions, render: Callable[[str], str]
    ) -> None:
        port = 18231
        command = [str(binary), "-m", str(options.path), "--port", str(port), "-c", str(CONTEXT)]
        command += ["-t", str(gguf.threads(options)), "--parallel", "1", "--log-disable"]
        self._render = render
        self._process = subprocess.Popen(command)
        self._client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60)
        for _ in range(600):
            try:
                if self._client.get("/health").status_code == 200:
                    return
            except httpx.TransportError:
                time.sleep(0.1)
        raise SystemExit(f"{binary} did not become ready")

    def run(self, text: str) -> Run:
        body = {
            "prompt": self._render(text),
            "json_schema": answer_schema(),
            "temperature": 0.0,
            "n_predict": MAX_TOKENS,
            "cache_prompt": True,
        }
        begun = time.perf_counter()
        answer = self._client.post("/completion", json=body).raise_for_status().json()
        tokens = int(answer["tokens_predicted"])
        return Run(_since(begun), tokens, tokens, written=answer["content"])

    def close(self) -> None:
        self._client.close()
        self._process.terminate()
        self._process.wait()


def _since(begun: float) -> float:
    return 1e3 * (time.perf_counter() - begun)


def _spoken(commands: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Commands of the service as a model writes them."""
    return [COMMANDS_BY_TAG[c["action"]].model_validate(c).written() for c in commands]


def _written(decoded: Decoded) -> str:
    return decoded.answer.target()


def utterances(folder: Path | None, cases: int) -> list[str]:
    """So many utterances, evenly from the sets in the folder, or from the test corpus."""
    if folder is not None:
        texts = [case.text for _, set_cases in read_sets(folder) for case in set_cases]
    else:
        texts = [row["text"] for row in yaml.safe_load(CORPUS.read_text())["interpreted"]]
    return [texts[i * len(texts) // cases] for i in range(min(cases, len(texts)))]


def bandwidth() -> float:
    """Bytes a second this machine's cores read from memory, best of several sums."""
    size = 1 << 27
    halves = [np.ones(size // 16, np.float64) for _ in range(2)]
    best = 0.0
    with ThreadPoolExecutor(2) as pool:
        for _ in range(5):
            begun = time.perf_counter()
            list(pool.map(np.sum, halves))
            best = max(best, size / (time.perf_counter() - begun))
    return best


@dataclass(slots=True)
class Line:
    """A contender's figures over all cases."""

    name: str
    median_ms: float
    p95_ms: float
    tokens: float
    evaluations: float
    times_ours: float
    """Median over the cases of its time by ours."""
    first_command_ms: float | None
    weights_floor_ms: float
    """Bytes of the weights times evaluations, over memory bandwidth."""
    different: int | None
    """Plans unlike those of stock Outlines."""
    outside_ms: float | None
    """Median of the time outside llama.cpp's evaluations, where that is known."""


def lines(runs: dict[str, list[Run]], weight_bytes: int, rate: float) -> list[Line]:
    """The table."""
    ours = [run.milliseconds for run in runs[Ours.name]]
    right = [run.written for run in runs[StockOutlines.name]]
    found = []
    for name, own in runs.items():
        times = [run.milliseconds for run in own]
        firsts = [run.first_command for run in own if run.first_command is not None]
        outside = [run.outside for run in own if run.outside is not None]
        # A declined utterance gets words of the service's own beside its empty plan.
        plans = name == Service.name
        mean_evaluations = statistics.mean(run.evaluations for run in own)
        found.append(
            Line(
                name=name,
                median_ms=statistics.median(times),
                p95_ms=float(np.percentile(times, 95)),
                tokens=statistics.mean(run.tokens for run in own),
                evaluations=mean_evaluations,
                times_ours=statistics.median(a / b for a, b in zip(times, ours, strict=True)),
                first_command_ms=statistics.median(firsts) if firsts else None,
                weights_floor_ms=1e3 * mean_evaluations * weight_bytes / rate,
                different=None
                if name == Floor.name
                else sum(
                    _same(r.written, plans) != _same(s, plans)
                    for r, s in zip(own, right, strict=True)
                ),
                outside_ms=statistics.median(outside) if outside else None,
            )
        )
    return found


def _same(written: str, commands_only: bool = False) -> Any:
    """What has to agree."""
    try:
        answer = json.loads(written)
    except ValueError:
        return None
    return answer.get("commands") if commands_only and isinstance(answer, dict) else answer


@dataclass(slots=True)
class Crowd:
    """Many callers at once on one loaded model."""

    clients: int
    plans_per_second: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    different: int
    """Answers unlike the same utterance's alone."""


def crowd(model: LlamaCppModel, texts: list[str], clients: int, alone: dict[str, Any]) -> Crowd:
    """So many callers, each with one utterance after another."""
    rounds = max(1, 4 * clients // len(texts)) * texts + texts

    def ask(text: str) -> tuple[float, bool]:
        begun = time.perf_counter()
        try:
            answer: Any = model.plan(text).answer
        except ModelAnswerInvalid as fault:
            answer = fault.code
        return _since(begun), answer != alone[text]

    begun = time.perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        results = list(pool.map(ask, rounds))
    elapsed = time.perf_counter() - begun
    times = [milliseconds for milliseconds, _ in results]
    p50, p95, p99 = (float(np.percentile(times, p)) for p in (50, 95, 99))
    unlike = sum(different for _, different in results)
    return Crowd(clients, len(rounds) / elapsed, p50, p95, p99, unlike)


@dataclass(slots=True)
class Report:
    """Everything one run measured."""

    machine: dict[str, Any]
    model: str
    cases: int
    bandwidth_gb_s: float
    overhead: float
    """Share of our time outside llama.cpp."""
    memory_mib: float
    lines: list[Line]
    crowds: list[Crowd] = field(default_factory=list)


def contenders(
    options: LlamaCppOptions,
    ours: LlamaCppModel,
    stack: ExitStack,
    *,
    server: Path | None,
    http: bool,
) -> Iterator[Contender]:
    """All that can run here, each with weights of its own."""

    def load() -> llama_cpp.Llama:
        llama = llama_cpp.Llama(
            str(options.path),
            n_ctx=CONTEXT,
            n_threads=gguf.threads(options),
            n_threads_batch=gguf.threads(options),
            n_gpu_layers=gguf.gpu_layers(options),
            verbose=False,
        )
        gguf.spell_whole_tokens(llama)
        return stack.enter_context(closing(llama))

    render = gguf.prompt(load(), options).render
    yield Ours(ours)
    yield StockOutlines(load(), render)
    schema = LlamaGrammar.from_json_schema(json.dumps(answer_schema()), verbose=False)
    yield Completion("llama-cpp-python GBNF", load(), render, schema)
    yield Completion("unconstrained", load(), render, None)
    if server is not None:
        yield stack.enter_context(closing(Server(server, options, render)))
    if http:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        url, _, _ = stack.enter_context(running(folder, _environment(options)))
        yield stack.enter_context(closing(Service(url)))


def _environment(options: LlamaCppOptions) -> dict[str, str]:
    """The options as the service's settings."""
    given = options.model_dump(exclude_none=True, exclude_defaults=True, mode="json")
    return {f"COMMAND_INTERPRETER_MODEL__{name.upper()}": str(v) for name, v in given.items()}


def take_turns(
    entrants: list[Contender], texts: list[str], floor: Callable[[dict[str, str]], Contender]
) -> dict[str, list[Run]]:
    """Every contender on every case, the order turning from case to case."""
    for entrant in entrants:
        entrant.run(texts[0])
    runs: dict[str, list[Run]] = {entrant.name: [] for entrant in entrants}
    runs[Floor.name] = []
    for number, text in enumerate(track(texts, "taking turns")):
        for shift in range(len(entrants)):
            entrant = entrants[(number + shift) % len(entrants)]
            runs[entrant.name].append(entrant.run(text))
        known = {text: runs[Ours.name][-1].written}
        runs[Floor.name].append(floor(known).run(text))
    return runs


def measure(path: Path, options: argparse.Namespace) -> Report:
    """The whole benchmark on one model."""
    texts = utterances(options.data, options.cases)
    settings = LlamaCppOptions(
        path=path,
        threads=options.threads,
        flash_attention=options.flash_attention,
        sequences=options.sequences,
    )
    with ExitStack() as stack:
        ours = stack.enter_context(closing(LlamaCppModel(settings)))
        memory = psutil.Process().memory_info().rss / 2**20
        entrants = list(
            contenders(settings, ours, stack, server=options.llama_server, http=options.http)
        )
        llama = gguf.load(settings, context=CONTEXT)
        stack.enter_context(closing(llama))
        floor = Floor(llama, gguf.prompt(llama, settings).render, {}, settings)
        stack.enter_context(closing(floor.context))

        def known(answers: dict[str, str]) -> Floor:
            floor._known = answers
            return floor

        runs = take_turns(entrants, texts, known)
        rate = 1e9 * options.bandwidth if options.bandwidth else bandwidth()
        report = Report(
            machine=machine(settings),
            model=path.name,
            cases=len(texts),
            bandwidth_gb_s=rate / 1e9,
            overhead=overhead(ours, texts),
            memory_mib=memory,
            lines=lines(runs, path.stat().st_size, rate),
        )
        alone = {text: _alone(ours, text) for text in texts}
        for clients in options.clients:
            report.crowds.append(crowd(ours, texts, clients, alone))
    return report


def _alone(model: LlamaCppModel, text: str) -> Any:
    try:
        return model.plan(text).answer
    except ModelAnswerInvalid as fault:
        return fault.code


def overhead(model: LlamaCppModel, texts: list[str]) -> float:
    """Share of the time outside llama.cpp's evaluations."""
    before, begun = model.seconds, time.perf_counter()
    for text in texts:
        _alone(model, text)
    return 1.0 - (model.seconds - before) / (time.perf_counter() - begun)


def machine(options: LlamaCppOptions) -> dict[str, Any]:
    """What it ran on."""
    return {
        "processor": _processor(),
        "threads": gguf.threads(options),
        "load": psutil.getloadavg()[0],
        "gpu_layers": gguf.gpu_layers(options),
        "llama_cpp_python": llama_cpp.__version__,
        "outlines": outlines.__version__ if hasattr(outlines, "__version__") else "",
    }


def _processor() -> str:
    try:
        info = Path("/proc/cpuinfo").read_text()
        name = next(line for line in info.splitlines() if line.startswith("model name"))
        return name.partition(":")[2].strip()
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def show(report: Report) -> None:
    """The tables."""
    console = Console(width=140)
    table = Table(title=f"{report.model}, {report.cases} cases, {report.machine['processor']}")
    heads = ("", "median ms", "p95 ms", "÷ ours", "tokens", "evaluations", "1st command ms")
    for head in (*heads, "outside llama.cpp ms", "weights ÷ bandwidth ms", "≠ stock Outlines"):
        table.add_column(head, justify="left" if not head else "right")
    for line in report.lines:
        table.add_row(
            line.name,
            f"{line.median_ms:.1f}",
            f"{line.p95_ms:.1f}",
            f"{line.times_ours:.2f}",
            f"{line.tokens:.1f}" if line.tokens else "",
            f"{line.evaluations:.1f}" if line.evaluations else "",
            "" if line.first_command_ms is None else f"{line.first_command_ms:.1f}",
            "" if line.outside_ms is None else f"{line.outside_ms:.1f}",
            f"{line.weights_floor_ms:.1f}" if line.evaluations else "",
            "" if line.different is None else str(line.different),
        )
    console.print(table)
    console.print(
        f"memory bandwidth {report.bandwidth_gb_s:.1f} GB/s · outside llama.cpp "
        f"{report.overhead:.1%} of our time · {report.memory_mib:.0f} MiB resident"
    )
    crowds = Table(title="callers at once")
    for head in ("clients", "plans/s", "p50 ms", "p95 ms", "p99 ms", "≠ alone"):
        crowds.add_column(head, justify="right")
    for c in report.crowds:
        row = (c.plans_per_second, c.p50_ms, c.p95_ms, c.p99_ms)
        crowds.add_row(str(c.clients), *(f"{x:.1f}" for x in row), str(c.different))
    if report.crowds:
        console.print(crowds)


def plot(report: Report, path: Path) -> None:
    """Bars of the medians."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(8, 0.6 * len(report.lines) + 1.2))
    ordered = sorted(report.lines, key=lambda line: -line.median_ms)
    bars = axes.barh([line.name for line in ordered], [line.median_ms for line in ordered])
    axes.bar_label(
        bars, [f"{line.median_ms:.0f} ms · {line.evaluations:.1f} evaluations" for line in ordered]
    )
    axes.set_xlabel("milliseconds a plan, median")
    axes.set_xlim(0, 1.45 * ordered[0].median_ms)
    axes.set_title(f"{report.model} · {report.machine['processor']}")
    figure.tight_layout()
    figure.savefig(path)
    pyplot.close(figure)


def main() -> None:
    """Measure, show, and write."""
    default = Path(__file__).parents[2] / "shared" / "eval"
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument(
        "--data",
        type=Path,
        default=default if default.is_dir() else None,
        help="folder of evaluation sets; without one, the test corpus",
    )
    parser.add_argument("--cases", type=int, default=40)
    parser.add_argument("--model", type=Path, nargs="+", default=[DEFAULT_WEIGHTS])
    parser.add_argument("--http", action="store_true", help="the running service, too")
    parser.add_argument("--bandwidth", type=float, help="GB/s of the memory the weights are in")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--sequences", type=int)
    parser.add_argument("--flash-attention", action=argparse.BooleanOptionalAction)
    parser.add_argument("--clients", type=int, nargs="*", default=[])
    parser.add_argument("--llama-server", type=Path, help="binary of llama.cpp's server")
    parser.add_argument("--out", type=Path, default=RESULTS / "latency.json")
    options = parser.parse_args()
    options.out.parent.mkdir(parents=True, exist_ok=True)
    for number, path in enumerate(options.model):
        report = measure(path, options)
        show(report)
        out = options.out.with_stem(f"{options.out.stem}-{path.stem}") if number else options.out
        out.write_text(json.dumps(asdict(report), indent=1, ensure_ascii=False) + "\n")
        plot(report, out.with_suffix(".png"))


if __name__ == "__main__":
    main()
