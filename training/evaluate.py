"""Measuring models side by side: strict and lenient, by type, noise and novelty, and declines."""

from __future__ import annotations

import json
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from schemas.errors import CommandInterpreterError, ModelUnavailable, SettingsError
from training import measures
from training.generator.entities import Mixture
from training.generator.sample import Generator, Recipe
from training.generator.splits import Split
from training.generator.style import Styles, heard

Progress = Callable[[float, str], None]
Answerer = Callable[[str], dict[str, Any]]
"""An utterance to the answer the model wrote, as a dict."""

NOISE_LEVELS = (0.0, 0.05, 0.10, 0.20)
SEED = 424_242
WORST = 50
LENIENT_PASS = 0.75


@dataclass(frozen=True, slots=True)
class Case:
    """An utterance and what is right for it; ``reason`` for one that gets no plan."""

    group: str
    kind: str
    text: str
    commands: tuple[dict[str, Any], ...] = ()
    reason: str = ""
    any_plan: bool = False
    """Any plan at all is right: the case is a near miss of a decline."""


@dataclass(slots=True)
class Result:
    """What a model made of a case."""

    case: Case
    written: dict[str, Any]

    @property
    def commands(self) -> list[dict[str, Any]]:
        """The plan, empty for a decline."""
        return list(self.written.get("commands", []))

    @property
    def strict(self) -> bool:
        """Right in every slot, or rightly declined."""
        if self.case.any_plan:
            return bool(self.commands)
        if self.case.reason:
            return not self.commands
        return measures.strict(self.commands, self.case.commands)

    @property
    def lenient(self) -> float:
        """0 to 1."""
        if self.case.reason or self.case.any_plan:
            return float(self.strict)
        return measures.lenient(self.commands, self.case.commands)


@dataclass
class Evaluation:
    """One model's results."""

    model: str
    results: list[Result] = field(default_factory=list)

    def groups(self) -> dict[str, dict[str, Any]]:
        """Figures by group of cases."""
        table: dict[str, dict[str, Any]] = {}
        for group in dict.fromkeys(r.case.group for r in self.results):
            chosen = [r for r in self.results if r.case.group == group]
            planned = [r for r in chosen if not r.case.reason and not r.case.any_plan]
            table[group] = {
                "cases": len(chosen),
                "strict": sum(r.strict for r in chosen),
                "lenient": sum(r.lenient >= LENIENT_PASS for r in chosen),
                "same_actions": sum(
                    measures.same_actions(r.commands, r.case.commands) for r in planned
                ),
                "declined": sum(not r.commands for r in chosen),
            }
        return table

    def kinds(self) -> dict[str, tuple[int, int]]:
        """Strictly right and all, by command type, intent or reason."""
        table: dict[str, list[int]] = defaultdict(lambda: [0, 0])
        for r in self.results:
            table[r.case.kind][0] += r.strict
            table[r.case.kind][1] += 1
        return {k: (v[0], v[1]) for k, v in sorted(table.items())}

    def confusion(self) -> Counter[tuple[str, str]]:
        """(expected, written) pairs of actions that differ, position by position; "-" is none."""
        pairs: Counter[tuple[str, str]] = Counter()
        for r in self.results:
            if r.case.any_plan:
                continue
            left = [c["action"] for c in r.case.commands] or [r.case.reason or "-"]
            right = [c["action"] for c in r.commands] or [str(r.written.get("reason", "-"))]
            size = max(len(left), len(right))
            for a, b in zip(
                left + ["-"] * (size - len(left)), right + ["-"] * (size - len(right)), strict=True
            ):
                if a != b:
                    pairs[a, b] += 1
        return pairs

    def worst(self) -> list[Result]:
        """The wrongest first."""
        wrong = [r for r in self.results if not r.strict]
        return sorted(wrong, key=lambda r: r.lenient)[:WORST]


def read_cases(path: Path) -> list[Case]:
    """Cases from JSON: a list of ``string_cmd``, ``structured_cmd`` and, if known, ``cmd_type``.

    Raises:
        SettingsError: the file is not of that form.
    """
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(rows, list) or not rows:
            raise TypeError("not a list of cases")
        return [
            Case(
                path.stem, row.get("cmd_type", "?"), row["string_cmd"], tuple(row["structured_cmd"])
            )
            for row in rows
        ]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise SettingsError(
            f"cannot read cases from {path}: {error!r}",
            hint='The file is a JSON list of {"string_cmd": …, "structured_cmd": […]}.',
        ) from error


def built_in(count: int) -> list[Case]:
    """Held-out words, made-up words, held-out templates, and the hand-written declines: ``count``
    of each, of the declines of each reason."""
    sets = {
        "unseen words": (Split.UNSEEN_ENTITIES, Mixture(0, 0, 1, 0)),
        "made-up words": (Split.UNSEEN_ENTITIES, Mixture(0, 0, 0, 1)),
        "unseen templates": (Split.UNSEEN_TEMPLATES, Mixture()),
    }
    cases: list[Case] = []
    for group, (split, mixture) in sets.items():
        recipe = Recipe(declines=0, compositions=0, mixture=mixture, styles=Styles(1, 0, 0))
        for sample in Generator(recipe, split).samples(SEED, count):
            commands = tuple(json.loads(sample.target)["commands"])
            cases.append(Case(group, sample.kind, sample.text, commands))
    text = (files("training.evaluation") / "out_of_scope.yaml").read_text(encoding="utf-8")
    for reason, utterances in yaml.safe_load(text).items():
        for utterance in utterances[:count]:
            if reason == "in_scope":
                cases.append(Case("near misses of declines", reason, utterance, any_plan=True))
            else:
                cases.append(Case("out of scope", reason, utterance, reason=reason))
    return cases


def noisy(cases: Sequence[Case], levels: Sequence[float] = NOISE_LEVELS) -> Iterator[Case]:
    """The cases as a recogniser with those word error rates would write them."""
    for level in levels:
        rng = random.Random(SEED)
        for case in cases:
            text = heard(case.text, rng, level)
            yield Case(f"{case.group}, {level:.0%} word error", case.kind, text, case.commands)


def evaluate(
    model: str, answer: Answerer, cases: Sequence[Case], progress: Progress = lambda *_: None
) -> Evaluation:
    """Ask every case; an answer the model fails on counts as wrong.

    Raises:
        ModelUnavailable: nobody answers; to count that as wrong would measure nothing.
    """
    evaluation = Evaluation(model)
    for at, case in enumerate(cases):
        try:
            written = answer(case.text)
        except ModelUnavailable:
            raise
        except CommandInterpreterError as error:
            written = {"commands": [], "reason": error.code}
        evaluation.results.append(Result(case, written))
        progress((at + 1) / len(cases), f"{model}: {at + 1} of {len(cases)}")
    return evaluation


def answerer(model: str) -> tuple[Answerer, Callable[[], None]]:
    """A GGUF file, or ``http://…#name`` for an OpenAI-compatible server; and how to close it."""
    from models import LlamaCppOptions, RemoteOptions, create

    if model.startswith(("http://", "https://")):
        url, _, name = model.partition("#")
        backend = create(RemoteOptions(base_url=url, model=name or "default"))
    else:
        backend = create(LlamaCppOptions(path=Path(model)))

    def answer(text: str) -> dict[str, Any]:
        written: dict[str, Any] = json.loads(backend.plan(text).answer.target())
        return written

    return answer, backend.close


def as_json(evaluations: Sequence[Evaluation]) -> dict[str, Any]:
    """The figures of all models."""
    return {
        "models": [
            {
                "model": e.model,
                "groups": e.groups(),
                "kinds": {k: list(v) for k, v in e.kinds().items()},
                "confusion": [[a, b, n] for (a, b), n in e.confusion().most_common()],
                "worst": [{"case": asdict(r.case), "written": r.written} for r in e.worst()],
            }
            for e in evaluations
        ]
    }
