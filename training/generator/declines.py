"""Utterances that get no plan: talk, questions to the world, actions the robot lacks, injections,
noise and half sentences."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

from schemas.plan import MAX_VERB_LENGTH, DeclineReason
from training.generator.draft import Drawn, Lazy, acquaintance, templates
from training.generator.entities import choose
from training.generator.mentions import Said, clean
from training.generator.people import person
from training.generator.resources import table
from training.generator.splits import Split
from training.generator.verbs import gerund, imperative, participle
from training.generator.world import World, article, plural

DATA: dict[str, Any] = table("declines")
REASONS: dict[DeclineReason, int] = {
    DeclineReason.CHIT_CHAT: 38,
    DeclineReason.WORLD_QUESTION: 24,
    DeclineReason.MISSING_ACTION: 34,
    DeclineReason.INJECTION: 12,
    DeclineReason.UNINTELLIGIBLE: 22,
}
"""Every reason and its share."""


@dataclass(frozen=True, slots=True)
class DeclineDraft:
    """What is said, and why it gets no plan."""

    text: str
    reason: DeclineReason
    verb: Said | str = ""


def decline(world: World) -> DeclineDraft:
    """One utterance of any reason."""
    reason = world.rng.choices(list(REASONS), list(REASONS.values()))[0]
    if reason is DeclineReason.MISSING_ACTION:
        return _missing_action(world)
    if reason is DeclineReason.UNINTELLIGIBLE:
        return DeclineDraft(_unintelligible(world), reason)
    return DeclineDraft(world.say(_template(world, reason.value), **_bindings(world)), reason)


def withdrawn(world: World, request: str) -> DeclineDraft:
    """A request that the same breath takes back, or that was made of somebody else."""
    request = request.rstrip(" .")
    scope = _bindings(world) | {"TASK": request}
    # What no imperative begins would not read as something asked for.
    if imperative(request) and world.chance(0.4):
        text = world.say(choose(world.rng, DATA["withdrawn"]), **scope)
    else:
        back = world.say(choose(world.rng, DATA["retracted"]), **scope)
        text = f"{request}{back}" if back.startswith((".", ",")) else f"{request} {back}"
    return DeclineDraft(text, DeclineReason.CHIT_CHAT)


def chat(world: World) -> str:
    """Small talk that may stand before a request."""
    while True:
        template = _template(world, DeclineReason.CHIT_CHAT)
        # What tells of the robot's own actions might be taken for a request with what follows.
        if not any(f"{{{name}" in template for name in _SPOKEN_OF):
            return world.say(template, **_bindings(world))


def told(world: World) -> str:
    """What somebody else did or said; a request may come behind it."""
    return world.say(DATA["told"], **_bindings(world))


def chore(world: World) -> str:
    """Something people do and the robot cannot."""
    if world.chance(0.3):
        return world.say("{errand}")
    verbs = DATA["missing_verbs"]
    if world.chance(0.2):
        return str(choose(world.rng, verbs["alone"]))
    return f"{choose(world.rng, verbs['thing'])} {_object(world)}"


def _template(world: World, group: str) -> str:
    """One of the split's; any where it has none."""
    here = templates(group, world.lexicon.split, "declines")
    return str(choose(world.rng, here or templates(group, Split.TRAIN, "declines")))


def _bindings(world: World) -> dict[str, Any]:
    scope: dict[str, Any] = {
        "W": Drawn(lambda: world.lexicon.word(world.rng, world.chance(0.2))),
        "WS": Drawn(lambda: plural(world.lexicon.word(world.rng, world.chance(0.2)))),
        "N": Drawn(world.name),
        "P": Drawn(world.place_name),
        "O": Drawn(world.object_name),
        "O2": Drawn(world.object_name),
        "OBJ": Drawn(lambda: _object(world)),
        "WHO": Drawn(lambda: clean(str(person(world, "name gesture pose clothes any")))),
        "JSON": '{"commands":[]}',
        "INST": "[INST]",
        "TASK": Drawn(lambda: _task(world)),
    }
    for name, key in _OPEN_LISTS.items():
        scope[name] = Drawn(partial(choose, world.rng, DATA[key]))
    scope["KIN"] = acquaintance(world)
    scope["PT"] = Lazy(world, "the {P}", scope)
    scope["IT"] = "it"
    for name, key in _SPOKEN_OF.items():
        scope[name] = Lazy(world, DATA[key], scope)
    scope["ASKED"] = Lazy(world, DATA["asked"], scope)
    scope["HELD"] = Lazy(world, DATA["held"], scope)
    scope["PAYLOAD"] = Lazy(world, "{PAY}", {"PAY": scope["PAY"]})
    return scope


_OPEN_LISTS = {
    "COUNTRY": "countries",
    "LANDMARK": "landmarks",
    "WORK": "works",
    "NUM": "numbers",
    "PAY": "payloads",
    "SUBJ": "subjects",
    "PRED": "predicates",
    "WHEN": "whens",
    "WHY": "retractions",
}


_SPOKEN_OF = {"DEED": "deeds", "DOING": "doings", "DID": "dids", "DOES": "does"}
"""What the robot can do, in sentences that do not ask for it."""


def _object(world: World) -> str:
    name = world.category()[0] if world.chance(0.15) else world.object_name()
    if world.chance(0.12):
        name = world.location()
    form = world.rng.random()
    if form < 0.62:
        return f"the {name}"
    return article(name) if form < 0.85 else world.say(f"[my|some|this|that|all the|our] {name}")


def _task(world: World) -> str:
    return world.say(
        DATA["tasks"],
        O=_object(world),
        P=world.room(),
        L=world.location(),
        N=world.name(),
    )


_VERBS = {
    "VT": "thing", "VI": "into", "VP": "person", "VA": "alone", "VS": "shot", "VC": "performing",
    "VD": "driving", "VH": "thrown", "VL": "listed", "VQ": "bought",
    "VB": "bodily", "VAS": "asking", "VR": "urging", "VE": "reminding", "VK": "adjusting",
    "VN": "phoning", "VG": "idiom", "VWT": "waiting", "VHG": "given", "VFO": "learning",
}  # fmt: skip
"""Bindings of the verbs the robot lacks, by their lists."""


_INFLECTED = {"PPV": participle, "VTING": gerund}
"""Bindings of such verbs in another form."""

_ONE_WORD = [verb for verb in DATA["missing_verbs"]["thing"] if " " not in verb]
"""Of these the forms are known."""


def _missing_action(world: World) -> DeclineDraft:
    text = _template(world, "missing_action")
    verb: Said | str = ""
    scope = _bindings(world)
    for name, key in _VERBS.items():
        if f"{{{name}}}" in text:
            phrase = _lacking(world, key, scope)
            if key == "alone":
                first, rest = _split_particle(phrase)
                verb, marked = world.mention(first)
                scope[name] = f"{marked}{rest}"
            else:
                verb, scope[name] = world.mention(phrase)
    for name, form in _INFLECTED.items():
        if f"{{{name}}}" in text:
            verb = str(choose(world.rng, _ONE_WORD))
            scope[name] = form(verb)
    return DeclineDraft(world.say(text, **scope), DeclineReason.MISSING_ACTION, verb)


def _lacking(world: World, key: str, scope: dict[str, Any]) -> str:
    """Short enough to be named whole, also where a recogniser makes a longer word of one."""
    while True:
        phrase = world.say(choose(world.rng, DATA["missing_verbs"][key]), **scope)
        if len(phrase) <= MAX_VERB_LENGTH - 6:
            return phrase


def _split_particle(phrase: str) -> tuple[str, str]:
    """The verb and what follows; all of it where the robot has the verb in another sense."""
    words = phrase.split(" ")
    if words[0] in _OTHER_SENSE:
        return phrase, ""
    size = 2 if len(words) > 1 and words[1] in ("on", "off", "up", "down", "out") else 1
    rest = " ".join(words[size:])
    return " ".join(words[:size]), f" {rest}" if rest else ""


_OTHER_SENSE = frozenset(
    "give put get go find follow count keep show tell bring take pick place answer guide walk "
    "lead say look meet move deliver introduce hold leave drop set run check help make pass hand "
    "carry".split()
)
"""Of "put the kettle on" the robot does not lack the "put"."""


def _unintelligible(world: World) -> str:
    kind = world.rng.random()
    if kind < 0.52:
        return world.say(_template(world, "half"), **_bindings(world))
    if kind < 0.62:
        return world.say(_template(world, "foreign"), **_bindings(world))
    if kind < 0.72:
        count = world.rng.randint(1, 4)
        return " ".join(choose(world.rng, DATA["noises"]) for _ in range(count))
    if kind < 0.9:
        return _salad(world)
    letters = "abcdefghijklmnopqrstuvwxyz"
    count = world.rng.randint(1, 4)
    return " ".join(
        "".join(world.rng.choices(letters, k=world.rng.randint(2, 9))) for _ in range(count)
    )


def _salad(world: World) -> str:
    words: list[str] = []
    for _ in range(world.rng.randint(2, 9)):
        open_word = world.chance(0.45)
        words.append(
            world.lexicon.word(world.rng, world.chance(0.2))
            if open_word
            else choose(world.rng, DATA["salad"])
        )
    return " ".join(words)
