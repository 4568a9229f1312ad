"""What is said beside a request and asks for nothing: manner, chat, reasons."""

from __future__ import annotations

from schemas.commands import PickObject
from training.generator.declines import chat, chore, told
from training.generator.draft import Draft, Drawn
from training.generator.verbs import asked, gerund
from training.generator.world import World


def spoken(world: World, draft: Draft, kind: str) -> str:
    """The draft's sentence as somebody says it, now and then with something beside it."""
    text = draft.text
    if world.chance(0.05):
        text = asked(text, world.rng)
    # "Get it for me" would ask for it to be handed over.
    if world.chance(0.01) and draft.steps[-1].command is not PickObject:
        text = f"{text.rstrip(' .')} for me"
    elif world.chance(0.02):
        text = _behind(world, text)
    elif world.chance(0.03) and kind != "message":
        text = _reasoned(world, text)
    if world.chance(0.035):
        text = _prefaced(world, text)
    return text


def _behind(world: World, text: str) -> str:
    manner = world.say("{manner}")
    return f"{text.rstrip(' .')}{'' if manner.startswith(',') else ' '}{manner}"


def _reasoned(world: World, text: str) -> str:
    """With what somebody else does, or wants to, and the robot is not asked for."""
    task = chore(world)
    verb, space, rest = task.partition(" ")
    scope = {
        "CHORE": task,
        "CHORING": f"{gerund(verb)}{space}{rest}",
        "RN": Drawn(world.name),
        "RO": Drawn(world.object_name),
        "RP": Drawn(world.place_name),
        "TEXT": text.rstrip(" ."),
    }
    return world.say("[{TEXT}{reason}*3|{reason_first}{TEXT}*2]", **scope)


def _prefaced(world: World, text: str) -> str:
    scope = {"TEXT": text, "UNWANTED": Drawn(world.object_name)}
    if world.chance(0.25):
        return world.say(
            "{TOLD}[. |, |; |, but |, so |. now | and ]{TEXT}", TOLD=told(world), **scope
        )
    if world.chance(0.35):
        return world.say("{CHAT}{after_chat}{TEXT}", CHAT=chat(world), **scope)
    return world.say("{preface}[[. |, |. |; | and | ]*4|{after_chat}]{TEXT}", **scope)
