"""The command line of training: dataset, finetune, export, evaluate, and all of it in one go."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from schemas.errors import CommandInterpreterError

if TYPE_CHECKING:
    from training.evaluate import Evaluation

app = typer.Typer(
    help=__doc__, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False
)
console = Console(stderr=True)

_EXTRA = "Run .venv/bin/pip install -c constraints.txt -e '.[training]' in the project's folder."
Tell = Callable[[float, str], None]

Config = Annotated[Path, typer.Option(help="YAML of the recipe; see training/small.yaml.")]
Cpu = Annotated[bool, typer.Option("--cpu", help="Train without CUDA: for small trials.")]
Resume = Annotated[bool, typer.Option("--resume", help="Go on from the last checkpoint.")]
Out = Annotated[Path, typer.Option(help="Folder to write to.")]


@contextlib.contextmanager
def _told(task: str) -> Iterator[Tell]:
    """A progress bar on a terminal; elsewhere a line now and then."""
    if not console.is_terminal:
        last = [0.0]

        def line(done: float, message: str) -> None:
            if time.monotonic() - last[0] > 10 or done >= 1:
                last[0] = time.monotonic()
                console.print(f"{task} {done:.0%} {message}", highlight=False)

        yield line
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[message]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as bar:
        row = bar.add_task(task, total=1.0, message="")
        yield lambda done, message: bar.update(row, completed=done, message=message)


@app.command()
def dataset(
    output: Out = Path("var/training/data"),
    samples: Annotated[int, typer.Option(min=1, help="Samples of the training split.")] = 20_000,
    held_out: Annotated[int, typer.Option(min=1, help="Samples of each held-out split.")] = 1_000,
    seed: Annotated[int, typer.Option(help="The same seed gives the same files.")] = 1,
    arena: Annotated[
        Path | None, typer.Option(help="YAML of an arena, or a CompetitionTemplate folder.")
    ] = None,
) -> None:
    """Write utterances and plans as JSONL in chat form, with statistics and a plot."""
    from training.dataset import write_dataset
    from training.generator.entities import Arena
    from training.generator.sample import Recipe
    from training.generator.splits import Split

    recipe = Recipe(arena=Arena.read(arena) if arena else Arena.default())
    sizes = {s: samples if s is Split.TRAIN else held_out for s in Split}
    with _told("dataset") as tell:
        statistics = write_dataset(output, recipe, seed, sizes, tell)
    typer.echo(json.dumps(statistics["splits"]["train"], indent=1))


@app.command()
def finetune(
    config: Config = Path("training/small.yaml"),
    output: Annotated[Path | None, typer.Option(help="Overrides the file's output folder.")] = None,
    samples: Annotated[
        int | None, typer.Option(help="Overrides the file's number of samples.")
    ] = None,
    resume: Resume = False,
    cpu: Cpu = False,
) -> None:
    """Train a model by the recipe of a configuration file."""
    _finetune(config, output, samples, resume, cpu)


def _finetune(
    config: Path, output: Path | None, samples: int | None, resume: bool, cpu: bool
) -> Path:
    from training.settings import Large, read

    settings = read(config, output=output, samples=samples)
    with _told("finetune") as tell:
        if isinstance(settings, Large):
            from training.lora import finetune as large

            return large(settings, cuda=not cpu, progress=tell)
        from training.finetune import finetune as small

        return small(settings, cuda=not cpu, resume=resume, progress=tell)


@app.command()
def export(
    source: Annotated[Path, typer.Argument(help="The f16 GGUF that finetune wrote.")],
    output: Annotated[Path | None, typer.Option(help="Folder; by default the source's.")] = None,
    form: Annotated[
        list[str] | None, typer.Option(help="f16, q8_0, q5_1, q4_0, q4_k_m, q5_k_m, q6_k.")
    ] = None,
    prompts: Annotated[
        int, typer.Option(min=1, help="Utterances the files are compared on.")
    ] = 100,
) -> None:
    """Write GGUF files, load each again and compare it with its source."""
    _export(source, output or source.parent, form or ["f16", "q8_0", "q5_1", "q4_0"], prompts)


def _export(source: Path, folder: Path, forms: list[str], prompts: int) -> list[Path]:
    from training.export import export as run

    with _told("export") as tell:
        made = run(source, folder, forms, prompts, tell)
    for e in made:
        size = e.path.stat().st_size / 2**20
        typer.echo(f"{e.path}  {size:.1f} MiB  same answer on {e.agreed} of {e.asked}")
    return [e.path for e in made]


@app.command()
def evaluate(
    models: Annotated[list[str], typer.Argument(help="GGUF files, or http://server/v1#model.")],
    cases: Annotated[
        list[Path] | None, typer.Option(help="JSON of string_cmd and structured_cmd.")
    ] = None,
    count: Annotated[int, typer.Option(min=1, help="Generated cases of each built-in set.")] = 200,
    noise: Annotated[bool, typer.Option(help="Also ask the cases with transcript noise.")] = True,
    output: Out = Path("var/training/report"),
) -> None:
    """Compare models: strict and lenient, by type, noise and novelty; writes an HTML report."""
    _evaluate(models, cases or [], count, noise, output)


def _evaluate(models: list[str], cases: list[Path], count: int, noise: bool, output: Path) -> None:
    from training.evaluate import as_json
    from training.report import report
    from training.served import apart

    evaluations = apart(_measured, models, cases, count, noise)
    for one in evaluations:
        for group, v in one.groups().items():
            typer.echo(
                f"{one.model}  {group}: strict {v['strict']} of {v['cases']}, "
                f"declined {v['declined']}"
            )
    output.mkdir(parents=True, exist_ok=True)
    (output / "figures.json").write_text(
        json.dumps(as_json(evaluations), indent=1), encoding="utf-8"
    )
    (output / "report.html").write_text(report(evaluations), encoding="utf-8")
    typer.echo(f"{output / 'report.html'}")


def _measured(models: list[str], cases: list[Path], count: int, noise: bool) -> list[Evaluation]:
    from training.evaluate import answerer, built_in, evaluate, noisy, read_cases

    asked = built_in(count)
    for path in cases:
        read = read_cases(path)
        asked += [*read, *noisy(read)] if noise else read
    evaluations = []
    for model in models:
        answer, close = answerer(model)
        try:
            with _told("evaluate") as tell:
                evaluations.append(evaluate(model, answer, asked, tell))
        finally:
            close()
    return evaluations


@app.command("all")
def everything(
    config: Config = Path("training/small.yaml"),
    count: Annotated[int, typer.Option(min=1, help="Cases of each built-in set.")] = 200,
    resume: Resume = False,
    cpu: Cpu = False,
) -> None:
    """From nothing to a GGUF and its report: finetune, export, evaluate."""
    source = _finetune(config, None, None, resume, cpu)
    files = _export(source, source.parent, ["q8_0", "q5_1", "q4_0"], min(100, count))
    _evaluate([str(files[-1])], [], count, False, source.parent / "report")


def main() -> None:
    """Run, and end a named fault with its message and what to do."""
    try:
        app()
    except CommandInterpreterError as error:
        _end(1, str(error), error.hint)
    except ModuleNotFoundError as error:
        _end(1, f"{error.name} is not installed", _EXTRA)
    except FileExistsError as error:
        _end(2, f"{error.filename} is no folder")
    except ValueError as error:
        _end(2, str(error))


def _end(code: int, message: str, hint: str = "") -> NoReturn:
    err = partial(console.print, highlight=False, soft_wrap=True)
    err(f"[red]error[/red] {escape(message)}")
    if hint:
        err(f"      {escape(hint)}")
    raise SystemExit(code) from None


if __name__ == "__main__":
    main()
