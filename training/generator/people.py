"""People: by name, by what tells them apart, or anyone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from schemas.commands import FindPerson, FindPersonByName
from training.generator.entities import choose
from training.generator.mentions import Said
from training.generator.plan import Step
from training.generator.resources import table
from training.generator.world import World, article

DESCRIPTIONS: dict[str, Any] = table("descriptions")
SIDES = ("left", "right")
SHADES: dict[str, list[str]] = DESCRIPTIONS["shades"]


@dataclass(frozen=True, slots=True)
class Look:
    """A description of one person, and of several.

    ``before`` stands in front of the noun, ``after`` behind it; ``of_many`` is the canonical value
    of the plural.
    """

    of_one: str
    of_many: str
    before: str
    after: str


def posture(world: World) -> Look:
    """Sitting, standing or lying; now and then something else that people are seen doing."""
    if world.chance(0.06):
        doing = world.say("{activity}")
        return Look(f"{doing} person", f"{doing} persons", "", doing)
    pose = choose(world.rng, ("sitting", "standing", "lying"))
    return Look(f"{pose} person", f"{pose} persons", f"{{{pose}_before}}", f"{{{pose}_after}}")


_SIDELESS = (
    Look("person raising their arm", "persons raising their arm", "", "{armed_after}"),
    Look("pointing person", "pointing persons", "pointing", "{aimless_after}"),
)


def gesture(world: World) -> Look:
    """Waving, raising an arm or pointing."""
    if world.chance(0.06):
        return choose(world.rng, _SIDELESS)  # type: ignore[no-any-return]
    kind = choose(world.rng, ("waving", "raising", "raising", "pointing", "pointing"))
    if kind == "waving":
        return Look("waving person", "waving persons", "{waving_before}", "{waving_after}")
    side = choose(world.rng, SIDES)
    after = f"{{{kind}_{side}_after}}"
    if kind == "raising":
        return Look(
            f"person raising their {side} arm", f"persons raising their {side} arm", "", after
        )
    return Look(f"person pointing to the {side}", f"persons pointing to the {side}", "", after)


@dataclass(frozen=True, slots=True)
class Person:
    """Someone to be found; printed as a noun phrase."""

    world: World
    value: Said | str
    """The name, or the description; empty for anyone."""
    named: bool
    noun: str
    pron: str
    short: str
    """Fits before a place without a relative clause in between."""
    head: str = ""
    tail: str = ""
    """The noun's two halves, where a place may stand between: "the man" and "in a blue coat"."""

    @property
    def their(self) -> str:
        """Possessive of the pronoun."""
        return {"him": "his", "her": "her"}.get(self.pron, "their")

    @property
    def they(self) -> str:
        """Subject form of the pronoun."""
        return {"him": "he", "her": "she"}.get(self.pron, "they")

    @property
    def they_are(self) -> str:
        """A sentence's beginning about them."""
        if self.they == "they":
            return self.world.say("[they are|they're|the person is]")
        return self.world.say(f"[{self.they} is*2|{self.they}'s]")

    @property
    def step(self) -> Step:
        """The command that finds them."""
        if self.named:
            return Step(FindPersonByName, {"name": self.value})
        return Step(FindPerson, {"attribute_value": self.value})

    def __str__(self) -> str:
        return self.noun

    @property
    def owner(self) -> str:
        """Possessive: ``Jane's``, ``the waving person's``."""
        return f"{self.noun}'s"


def person(world: World, kinds: str) -> Person:
    """Someone of one of the kinds: name, pose, gesture, clothes, any."""
    kind = choose(world.rng, kinds.split())
    pron = world.say("[them*30|him*6|her*6|this person|that person|the person]")
    if kind == "name":
        return _called(world, pron) if world.chance(0.1) else _named(world, pron)
    if kind == "any":
        return _anyone(world, pron)
    someone = _seen(world, kind, pron)
    if not world.chance(0.015):
        return someone
    other = _seen(world, kind, pron)
    noun = world.say("{A}{correction}{B}", A=other, B=someone)
    return replace(someone, noun=noun, short=noun, head="", tail="")


def _seen(world: World, kind: str, pron: str) -> Person:
    if kind == "clothes":
        return _dressed(world, pron)
    return _described(world, posture(world) if kind == "pose" else gesture(world), pron)


def _named(world: World, pron: str) -> Person:
    said, words = world.mention(world.name())
    if world.chance(0.012):
        words = world.say(f"{world.name()}{{correction}} {words}")
    return Person(world, said, True, words, pron, words)


def _called(world: World, pron: str) -> Person:
    """A name with a title, or with who it is: "my sister Jane", "poor Jane"."""
    if world.chance(0.2):
        said, name = world.mention(world.name())
        noun = world.say("{head_fond} {NAME}", NAME=name)
        return Person(world, said, True, noun, pron, noun)
    if world.chance(0.3):
        said, words = world.mention(f"{world.say('{head_titles}')} {world.name().split()[-1]}")
        return Person(world, said, True, words, pron, words)
    said, name = world.mention(world.name())
    scope = {"relation": world.say("{head_relations}"), "ROLE": world.say("{head_roles}")}
    noun = world.say("{head_called}", NAME=name, OWNER=world.name(), **scope)
    gender = next((w for w in ("man", "woman", "guy", "lady") if f" {w} " in noun), "")
    return Person(world, said, True, noun, _agreeing(pron, gender), noun)


def everyone(world: World) -> Person:
    """A group, spoken to as one."""
    noun = world.say("{head_everyone}")
    return Person(world, "", False, noun, "them", noun)


def _head(world: World, article_: str = "") -> tuple[str, str]:
    """A determiner and a noun, or "someone"; with the gendered word where there is one."""
    det = article_ or world.say("{head_article}")
    if det != "the" and world.chance(0.3):
        return world.say("{head_bare}"), ""
    if world.chance(0.12):
        noun = world.say("{head_gendered}")
        return (article(noun) if det == "a" else f"{det} {noun}"), noun
    noun = world.say("{head_neutral}") if world.chance(0.5) else "person"
    return (article(noun) if det == "a" else f"{det} {noun}"), ""


_HER = frozenset(
    "woman girl lady grandma granny female gal mom mum mother sister wife daughter grandmother "
    "aunt girlfriend niece waitress hostess".split()
)
_HIM = frozenset(
    "man boy gentleman guy grandpa male dude bloke chap lad dad father brother husband son "
    "grandfather uncle boyfriend nephew waiter host postman mailman".split()
)


def _agreeing(pron: str, gender: str) -> str:
    """The pronoun that goes with the gendered word: "she", not "he", for a lady."""
    word = gender.rpartition(" ")[2]
    if pron == "them" or word not in _HER | _HIM:
        return pron
    return "her" if word in _HER else "him"


def _anyone(world: World, pron: str) -> Person:
    if world.chance(0.15):
        return _of_role(world, pron)
    head, gender = _head(world)
    pron = _agreeing(pron, gender)
    return Person(world, gender, False, head, pron, head)


def _of_role(world: World, pron: str) -> Person:
    """The doctor, or my mother."""
    related = world.chance(0.5)
    role = world.say("{head_relations}" if related else "{head_roles}")
    said, words = world.mention(role)
    noun = f"{world.say('[my*6|our|his|her]') if related else 'the'} {words}"
    return Person(world, said, False, noun, _agreeing(pron, role), noun)


def _their(text: str, pron: str) -> str:
    if pron == "them":
        return text
    return text.replace("their", "his" if pron == "him" else "her")


def _described(world: World, look: Look, pron: str) -> Person:
    plain = look.of_one.startswith("person")
    if plain and world.chance(0.15):
        noun = world.say(f"{{head_article}} {look.of_one}")
        return Person(world, look.of_one, False, noun, pron, noun)
    if look.before and world.chance(0.45):
        words, gender = _head(world, world.say("[the*3|a]"))
        pron = _agreeing(pron, gender)
        noun = words.split(" ", 1)[1] if words.startswith(("the ", "a ", "an ")) else "person"
        phrase = f"{world.say(look.before)} {noun}"
        phrase = article(phrase) if words.startswith(("a ", "an ")) else f"the {phrase}"
        value = look.of_one.replace("person", gender) if gender else look.of_one
        return Person(world, value, False, phrase, pron, phrase)
    if world.chance(0.03):
        doing = _their(world.say(look.after), pron)
        if not doing.startswith(("who", "that", "with")):
            noun = f"whoever is {doing}"
            return Person(world, look.of_one, False, noun, pron, noun)
    words, gender = _head(world)
    pron = _agreeing(pron, gender)
    value = look.of_one.replace("person", gender) if gender else look.of_one
    tail = linked(world, _their(world.say(look.after), pron))
    noun = f"{words} {tail}"
    return Person(world, value, False, noun, pron, noun, words, tail)


def linked(world: World, after: str) -> str:
    """The phrase behind a noun, with "who is" where it may stand."""
    if after.startswith(("who", "that ", "with ")):
        return after
    return world.say("{who_is}") + f" {after}"


def garment(world: World, color: str, clothes: str) -> tuple[str, str]:
    """How colour and clothes are said, and the canonical value ("" for the words themselves)."""
    said_color = "grey" if color == "gray" and world.chance(0.3) else color
    if color in SHADES and world.chance(0.06):
        said_color = choose(world.rng, SHADES[color])
    said_clothes = clothes.replace("t shirt", world.say("{t_shirt}"))
    canonical = "" if (said_color, said_clothes) == (color, clothes) else f"{color} {clothes}"
    return f"{said_color} {said_clothes}".strip(), canonical.strip()


_CLAD = (
    "-clad person", "-clad individual", " clad person", " wearer", " person", " guy",
    "-wearing person", "-wearing individual",
)  # fmt: skip


def _dressed(world: World, pron: str) -> Person:
    color, (one, _) = world.outfit()
    words, gender = _head(world)
    pron = _agreeing(pron, gender)
    if world.chance(0.06):
        color = ""
    elif world.chance(0.07):
        noun = f"{words} whose {one} is {color}"
        return Person(world, f"{color} {one}", False, noun, pron, noun)
    phrase, canonical = garment(world, color, one)
    if color and world.chance(0.05):
        phrase, canonical = world.say(f"{color}[ |-][colored|coloured] {one}"), f"{color} {one}"
    said, marked = world.mention(phrase)
    tail = ""
    if world.chance(0.05):
        canonical = f"{color} {one}".strip()
        noun = f"the {marked}{choose(world.rng, _CLAD)}"
    else:
        det = world.say("[a*5|the|that|their]")
        outfit = article(marked) if det == "a" else f"{_their(det, pron)} {marked}"
        wearing = world.say("{wearing}")
        who = (
            ""
            if wearing.startswith(("who", "that", "with", "having", "in"))
            else world.say("{who_is}")
        )
        tail = f"{who} {wearing} {outfit}"
        noun = f"{words} {tail}"
    return Person(world, canonical or said, False, noun, pron, noun, words, tail)


@dataclass(frozen=True, slots=True)
class Crowd:
    """People to be counted: ``full`` is a noun phrase, ``noun`` and ``doing`` its two halves."""

    value: str | Said
    noun: str
    doing: str
    """Follows "are"; empty for people of no description."""
    full: str


_CROWDS = (
    "any any any pose pose pose pose gesture gesture gesture gesture gesture gesture "
    "clothes clothes clothes clothes clothes clothes gender gender"
).split()


def crowd(world: World) -> Crowd:
    """People of a pose, gesture or clothes, or any; now and then after others were said."""
    people = _counted(world)
    if not people.doing or not world.chance(0.015):
        return people
    other = _counted(world)
    doing = world.say("{A}{correction}{B}", A=other.doing or people.doing, B=people.doing)
    full = world.say("{A}{correction}[the |]{B}", A=other.full, B=people.full)
    return replace(people, doing=doing, full=full)


def _counted(world: World) -> Crowd:
    noun = world.say("{people}")
    kind = choose(world.rng, _CROWDS)
    if kind == "any":
        return Crowd("people", noun, "", noun)
    if kind == "gender":
        return _gendered_crowd(world, noun)
    if kind == "clothes":
        return _dressed_crowd(world, noun)
    look = posture(world) if kind == "pose" else gesture(world)
    of_many = look.of_many
    if world.chance(0.12):
        noun = world.say("{head_gendered_many}")
        of_many = of_many.replace("persons", noun)
    doing = ""
    for _ in range(8):
        doing = world.say(look.after)
        if not doing.startswith(("who", "that", "whose")):
            break
    else:
        doing = look.of_many.removeprefix("persons ")
    full = f"{noun} {world.say('[who are*2|that are||]') if not doing.startswith('with') else ''} {doing}"  # noqa: E501
    if look.before and world.chance(0.5):
        full = f"{world.say(look.before)} {noun}"
    return Crowd(of_many, noun, doing, full)


def _gendered_crowd(world: World, noun: str) -> Crowd:
    if world.chance(0.35):
        word = choose(world.rng, ("male", "female"))
        full = world.say(f"[{word} {noun}|{noun} who are {word}|{noun} that are {word}]")
        return Crowd(f"{word} persons", noun, word, full)
    said, marked = world.mention(world.say("{head_gendered_many}"))
    return Crowd(said, noun, marked, marked)


def _dressed_crowd(world: World, noun: str) -> Crowd:
    who = "people"
    if world.chance(0.15):
        who = noun = world.say("{head_gendered_many}")
    color, (one, many) = world.outfit()
    single = world.chance(0.2)
    phrase, _ = garment(world, color, one if single else many)
    wearing = world.say(
        "[wearing*5|in*2|dressed in|clad in|sporting|donning|attired in|clothed in|adorned in|outfitted in|arrayed in]"  # noqa: E501
    )
    doing = f"{wearing} {article(phrase) if single else phrase}"
    full = f"{noun} {world.say('[who are|that are|||]')} {doing}"
    if who == "people" and world.chance(0.05):
        full = f"{phrase} wearers"
    return Crowd(f"{who} wearing {color} {many}", noun, doing, full)
