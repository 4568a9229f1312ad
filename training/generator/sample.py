"""Samples: an utterance and the very text the model should write for it."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from schemas.plan import MAX_COMMANDS, Decline, compact
from training.generator.asides import spoken
from training.generator.declines import decline, withdrawn
from training.generator.draft import Draft, NothingHeldOut, build_grammar, renamed
from training.generator.entities import Arena, Lexicon, Mixture, choose
from training.generator.grammar import Grammar
from training.generator.intents import INTENTS
from training.generator.mentions import Said, clean, said
from training.generator.splits import Split
from training.generator.style import Styles, styled
from training.generator.verbs import gerund, imperative, inflected, participle
from training.generator.world import World

LONGEST = 1000
"""Characters of an utterance: as many as the service takes."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One pair, and what it is made of."""

    text: str
    target: str
    kind: str
    """The intent, the reason of a decline, or "composition"."""
    source: str
    """Where its entities come from."""


@dataclass(frozen=True)
class Recipe:
    """What to generate. The shares of declines and compositions are of all samples."""

    declines: float = 0.12
    compositions: float = 0.14
    mixture: Mixture = field(default_factory=Mixture)
    styles: Styles = field(default_factory=Styles)
    arena: Arena = field(default_factory=Arena.default)


_JOINTS = (
    ". ", ". then ", ", then ", " and then ", ". after that, ", ". afterwards, ", ", and then ", ". next, ",  # noqa: E501
    " and ", ". when you are done, ", ". finally, ", "; then ", ". and ", ", and after that ", ". also, ",  # noqa: E501
    ". once that is done, ", ". second, ", " and also ", " after that ", ", ", ", and ", " then ",
    " ", ". lastly, ", ". the next thing is: ", ", once done ", ". then please ", " & ", ". ", ". ",
    ". when that is done, ", ", afterwards ", ", finally ", ". in addition, ", ". and then ",
    ". having done that, ", ". with that done, ", ". oh and ", ". one more thing: ", " plus ",
    ". once you've done so, ", ". while you are at it, ", ". as soon as that is done, ",
    ". oh, also ", ". when you're through with that, ", ", while you're at it ", ". that done, ",
    ". besides, ",
)  # fmt: skip


_NUMBERED = (
    ("first, ", "second, ", "third, ", "fourth, ", "fifth, ", "sixth, ", "seventh, ", "eighth, "),
    ("first ", "then ", "after that ", "next ", "then ", "finally ", "and then ", "lastly "),
    ("one, ", "two, ", "three, ", "four, ", "five, ", "six, ", "seven, ", "eight, "),
    ("1. ", "2. ", "3. ", "4. ", "5. ", "6. ", "7. ", "8. "),
    ("firstly, ", "secondly, ", "thirdly, ", "then ", "after that ", "next ", "then ", "lastly, "),
)


_REVERSED = (
    "before you {then}, {first}", "{then}, but before that {first}", "{then}, but first {first}",
    "prior to anything else {first}, then {then}", "{then} after you {first}",
    "before you {then} {first}", "{then}. before that, {first}", "{first} before you {then}",
    "after you {first}, {then}", "do not {then} before you {first}",
    "{then}, and before you do that {first}", "{then} but before that {first}",
    "{first} and only after that {then}", "first {first} before you {then}",
    "before {thening}, {first}", "before {thening}, please {first}", "{first} before {thening}",
    "before {thening} first {first}", "before {thening}, please first {first}",
    "prior to {thening}, {first}", "after {firsting}, {then}", "{then} after {firsting}",
    "{then}, but only after you have {firsted}", "{then}, but only after you've {firsted}",
    "once you have {firsted}, {then}", "{then} once you've {firsted}",
    "when you have {firsted}, {then}", "only after you have {firsted}, {then}",
    "{then} after you have {firsted}", "{then} after having {firsted}",
    "only after having {firsted} should you {then}", "only after {firsting} should you {then}",
    "not until you have {firsted} should you {then}", "having {firsted}, {then}",
    "{then}, though before anything else {first}", "last of all {then}, but to begin with {first}",
    "{then}, but not until you have {firsted}", "{then} only once you have {firsted}",
    "finish by {thening}, but start by {firsting}", "second {then}, first {first}",
    "later {then}, but right now {first}", "{then}, but start by {firsting}",
    "your second job is to {then}, your first is to {first}", "to begin with {first}, later {then}",
    "{then} as soon as you have {firsted}", "as soon as you have {firsted}, {then}",
    "you may {then} as soon as you have {firsted}", "do not {then} until you have {firsted}",
    "don't {then} until you've {firsted}", "don't {then} until you {first}",
    "{then}, but wait with that until you have {firsted}", "{then}, having first {firsted}",
    "{then}, though not before {firsting}",
)  # fmt: skip
"""Two commands told by which comes first, whatever the order they are said in."""

_STOPS = (", ", ". ", "; ", " then ", " - ", ": ")
"""Behind these a command would begin again, and be no part of "before going there"."""

_TAKEN_BACK = (
    " scratch that ", ". scratch that, ", ". no, forget that. ", ", no wait, ", ". actually no, ",
    " no sorry ", ". on second thought, ", ". forget that, ", ". cancel that. ",
    ". i changed my mind. ", ". wait, no. ", ". no, not that. ", ". sorry, no. ", ", or rather, ",
    ", no, better ", ". hm, instead ",
)  # fmt: skip
"""Between a command that is begun, or said, and the one that is meant instead."""


_FURTHER_TASKS = ((1, 2, 3, 4, 5, 6, 7), (43, 27, 14, 7, 4, 3, 2))
"""How many tasks may come after the first in one breath, and how often."""

_OTHERWISE = 0.012
"""Share of the commands that come after one which is taken back."""

_WITHDRAWN = 0.07
"""Share of the declines that are requests taken back."""

_ALIKE = 0.25
"""Share of such utterances whose tasks are all of one intent."""


def _reversed(first: str, then: str, rng: random.Random) -> str:
    worded: str = choose(rng, _REVERSED)
    plain = not any(stop in first + then for stop in _STOPS)
    while not plain and ("ing}" in worded or "ed}" in worded):
        worded = choose(rng, _REVERSED)
    return worded.format(
        first=first,
        then=then,
        firsting=inflected(first, gerund),
        thening=inflected(then, gerund),
        firsted=inflected(first, participle),
    )


def _joined(tasks: list[str], rng: random.Random) -> str:
    """Several tasks in one breath, now and then numbered."""
    tasks = [task.rstrip(" .") for task in tasks]
    if len(tasks) == 2 and all(map(imperative, tasks)) and rng.random() < 0.25:
        return _reversed(tasks[0], tasks[1], rng)
    if rng.random() < 0.1:
        numbers: tuple[str, ...] = choose(rng, _NUMBERED)
        stop: str = choose(rng, (". ", ", ", "; "))
        counted = zip(numbers[: len(tasks)], tasks, strict=True)
        return stop.join(number + task for number, task in counted)
    text = tasks[0]
    for task in tasks[1:]:
        text += choose(rng, _JOINTS) + task
    return text


class Generator:
    """An endless, reproducible stream of samples."""

    def __init__(self, recipe: Recipe, split: Split = Split.TRAIN) -> None:
        self.recipe, self.split = recipe, split
        self.grammar: Grammar = build_grammar()
        self.lexicon = Lexicon(recipe.arena, split, recipe.mixture)
        self._intents = list(INTENTS)
        self._shares = list(INTENTS.values())

    def samples(self, seed: int, count: int) -> Iterator[Sample]:
        """``count`` samples; the same seed gives the same ones."""
        rng = random.Random(seed)
        made = 0
        while made < count:
            try:
                sample = self._one(rng)
            except NothingHeldOut:
                continue
            if 1 <= len(sample.text) <= LONGEST:
                made += 1
                yield sample

    def _one(self, rng: random.Random) -> Sample:
        draw = rng.random()
        if draw < self.recipe.declines:
            return self._decline(World(rng, self.lexicon, self.grammar))
        world = World(rng, self.lexicon, self.grammar)
        intent = self._intent(rng)
        draft, kind = renamed(world, intent(world)), intent.__name__
        if draw < self.recipe.declines + self.recipe.compositions:
            draft, kind = self._compose(world, intent, draft), "composition"
        elif world.chance(_OTHERWISE) and imperative(draft.text):
            draft = self._instead(world, draft)
        return self._finished(world, draft, kind)

    def _intent(self, rng: random.Random) -> Callable[[World], Draft]:
        return rng.choices(self._intents, self._shares)[0]

    def _compose(self, world: World, intent: Callable[[World], Draft], draft: Draft) -> Draft:
        rng = world.rng
        text, steps = draft.text, list(draft.steps)
        tasks = [text]
        alike = world.chance(_ALIKE)
        for _ in range(rng.choices(*_FURTHER_TASKS)[0]):
            if not alike:
                intent = self._intent(rng)
            more = renamed(world, intent(world))
            fits = len(steps) + len(more.steps) <= MAX_COMMANDS + 1
            if not fits or len(text) + len(more.text) > LONGEST:
                break
            text += more.text
            tasks.append(more.text)
            steps += more.steps
        return Draft(_joined(tasks, rng), steps)

    def _instead(self, world: World, draft: Draft) -> Draft:
        """Another command, whole or broken off, and then the one that is meant."""
        words = clean(self._intent(world.rng)(world).text).rstrip(" .").split()
        if world.chance(0.5):
            words = words[: world.rng.randint(1, len(words))]
        return Draft(" ".join(words) + choose(world.rng, _TAKEN_BACK) + draft.text, draft.steps)

    def _finished(self, world: World, draft: Draft, kind: str) -> Sample:
        text = spoken(world, draft, kind)
        text = styled(text, world.rng, self.grammar, self.recipe.styles)
        found = said(text)
        # One more than a plan may have is enough to tell that it is too much.
        steps = draft.steps[: MAX_COMMANDS + 1]
        target = compact({"commands": [step.written(found) for step in steps]})
        return Sample(clean(text), target, kind, world.source)

    def _decline(self, world: World) -> Sample:
        if world.chance(_WITHDRAWN):
            draft = withdrawn(world, clean(self._intent(world.rng)(world).text))
        else:
            draft = decline(world)
        text = styled(draft.text, world.rng, self.grammar, self.recipe.styles)
        found = said(text)
        verb = draft.verb.read(found) if isinstance(draft.verb, Said) else draft.verb
        target = Decline(reason=draft.reason, verb=verb).target()
        return Sample(clean(text), target, draft.reason.value, world.source)
