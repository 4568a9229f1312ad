"""A place and the prepositions that go with it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from training.generator.entities import choose
from training.generator.mentions import Said
from training.generator.world import World, numbered


class Kind(StrEnum):
    """What a place is: it decides "in", "at" or "on"."""

    ROOM = "room"
    SPOT = "spot"
    SURFACE = "surface"


_AT = {Kind.ROOM: "{in_room}", Kind.SPOT: "{near}", Kind.SURFACE: "{on_top}"}
_FRONT = {
    Kind.ROOM: "[in*8|inside*4|within*2|while in|over in|once in]",
    Kind.SPOT: "[at*8|by*2|near*2|beside*2|while at|over at|next to]",
    Kind.SURFACE: "[on*8|at*2|upon*2|over on|atop]",
}


_CONTRASTS = (", not", " not", ", and not", " instead of", " rather than")


@dataclass(frozen=True, slots=True)
class Place:
    """Each property is one wording; every mention reads the same slot."""

    world: World
    kind: Kind
    value: Said
    words: str
    correction: str = ""
    stationed: bool = False
    """How someone holds themselves there may be said along with it: "seated at the desk"."""
    contrast: str = ""
    """Where it is not: ", not the kitchen"; said where the place is gone to, left or put on."""
    floor: bool = False
    """Someone lies in the room, so that its floor may be named for it."""

    @classmethod
    def of(cls, world: World, kind: Kind) -> Place:
        """A place the world has not named yet."""
        name = world.room() if kind is Kind.ROOM else world.location(kind is Kind.SURFACE)
        said, words = world.mention(name)
        wrong = contrast = ""
        draw = world.rng.random()
        if draw < 0.022:
            other = world.room() if kind is Kind.ROOM else world.location()
            if draw < 0.012:
                wrong = world.say(f"the {other}{{correction}}")
            else:
                contrast = choose(world.rng, _CONTRASTS) + f" the {other}"
        return cls(world, kind, said, words, wrong, contrast=contrast)

    def __str__(self) -> str:
        return self.words

    @property
    def the(self) -> str:
        """With its article."""
        if self.correction:
            return f"{self.correction} the {self.words}"
        if numbered(self.value.fallback) and self.world.chance(0.7):
            return self.words
        if self.world.chance(0.9):
            return f"the {self.words}"
        return self.world.say("{the}") + f" {self.words}"

    @property
    def at(self) -> str:
        """Where something is."""
        if self.floor and self.world.chance(0.25):
            return self.world.say("on the [{S} floor|floor of the {S}|floor in the {S}]", S=self)
        if self.stationed and self.world.chance(0.12):
            return self.world.say("{stationed} {S.the}", S=self)
        return f"{self.world.say(_AT[self.kind])} {self.the}"

    @property
    def front(self) -> str:
        """The same at the head of a sentence."""
        return f"{self.world.say(_FRONT[self.kind])} {self.the}"

    @property
    def src(self) -> str:
        """Where something comes from."""
        if self.kind is Kind.SPOT and self.world.chance(0.15):
            return self.world.say("from [beside|near|next to|by|over by] {S.the}", S=self)
        off = self.kind is Kind.SURFACE and self.world.chance(0.4)
        return f"{self.world.say('{from_off}') if off else 'from'} {self.the}{self.contrast}"

    @property
    def dst(self) -> str:
        """Where someone is led."""
        return f"{self.world.say('{to_place}')} {self.the}{self.contrast}"

    @property
    def on(self) -> str:
        """Where something is put."""
        return f"{self.world.say('{onto}')} {self.the}{self.contrast}"

    @property
    def go(self) -> str:
        """Told to drive there."""
        rule = "enter" if self.kind is Kind.ROOM and self.world.chance(0.15) else "go"
        return self.world.say(f"{{{rule} D.the}}", D=self) + self.contrast

    @property
    def going(self) -> str:
        """Driving there, as a gerund."""
        if self.kind is Kind.ROOM and self.world.chance(0.1):
            return f"entering {self.the}"
        return self.world.say("{going D.the}", D=self)


def room(world: World) -> Place:
    """A room."""
    return Place.of(world, Kind.ROOM)


def spot(world: World) -> Place:
    """Furniture people stand at."""
    return Place.of(world, Kind.SPOT)


def surface(world: World) -> Place:
    """Furniture that holds things."""
    return Place.of(world, Kind.SURFACE)


def anywhere(world: World, rooms: float = 0.5) -> Place:
    """A room in that share of cases, else furniture."""
    return room(world) if world.chance(rooms) else spot(world)
