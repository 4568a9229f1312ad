"""What is picked up, counted or looked at."""

from __future__ import annotations

from dataclasses import dataclass, replace

from training.generator.entities import choose
from training.generator.mentions import Said
from training.generator.world import World, article, plural

_NUMBERS = {2: "[two*5|2*2|a couple of*2]", 3: "[three*4|3]", 4: "[four*3|4]", 5: "[five*3|5]"}


def _has_items(world: World, category: str) -> bool:
    """ "A food item" is some food, but an unknown word's "item" may be a part of its name."""
    listed = (*world.lexicon.categories, *world.lexicon.arena.categories)
    return any(category == one for one, _ in listed) and not category.endswith("item")


@dataclass(frozen=True, slots=True)
class Thing:
    """An object or any member of a category; printed with a determiner that suits it."""

    world: World
    value: Said
    words: str
    bare: bool
    """Takes "some" rather than "a": a mass noun or a plural."""
    correction: str = ""
    superlative: bool = False
    number: int = 1
    """How many are asked for; said with the words where it is more than one."""

    @classmethod
    def of(cls, world: World, plain: bool = False) -> Thing:
        """A thing the world has not named yet; ``plain``: by its name, and not corrected."""
        draw = 1.0 if plain else world.rng.random()
        superlative = False
        if draw < 0.22:
            name = world.category()[0]
        elif draw < 0.25:
            name = world.say("[object|item|thing]")
        elif draw < 0.295:
            kind = world.category()[world.chance(0.5)]
            name = world.say(f"{{measure_before}} [object*3|item*2|thing*2|one|objects|{kind}]")
            superlative = True
        else:
            name = world.object_name()
        said, words = world.mention(name)
        if draw < 0.22 and world.chance(0.04) and _has_items(world, name):
            return cls(world, said, f"{words} item", False)
        last = name.split()[-1]
        bare = name in world.lexicon.uncountable or last in world.lexicon.uncountable
        wrong = (
            world.say(f"the {world.object_name()}{{correction}}")
            if not plain and world.chance(0.02)
            else ""
        )
        bare = bare or (last.endswith("s") and not last.endswith("ss"))
        return cls(world, said, words, bare, wrong, superlative)

    @classmethod
    def counted(cls, world: World) -> Thing:
        """Two to five of a kind, which are fetched one by one."""
        number: int = choose(world.rng, (2, 2, 2, 2, 2, 3, 3, 3, 4, 5))
        things = Countables.of(world)
        spelled = world.say(_NUMBERS[number])
        return cls(world, things.value, f"{spelled} {things.words}", True, number=number)

    def __str__(self) -> str:
        world, words = self.world, self.words
        if self.number > 1:
            return f"{world.say('[*8|the*2|my|those|some]')} {words}".lstrip()
        if self.superlative:
            return f"the {words}"
        if self.correction:
            return f"{self.correction} the {words}"
        draw = world.rng.random()
        if draw < 0.25:
            return f"the {words}"
        if self.bare:
            return world.say("[some*3|the|my||a|any]") + f" {words}"
        if draw < 0.33:
            return world.say("[any|one|my*2|that*3|this*2|some|our|a single]") + f" {words}"
        return article(words)

    @property
    def the(self) -> str:
        """With the definite article."""
        return f"the {self.words}"

    @property
    def it(self) -> str:
        """A pronoun, or now and then the noun again."""
        if self.world.chance(0.05):
            return self.the
        if self.number > 1:
            return self.world.say("[them*8|both]" if self.number == 2 else "[them*8|all of them]")
        if self.bare and self.world.chance(0.45):
            return "them"
        return self.world.say("{of_it}")


@dataclass(frozen=True, slots=True)
class Countables:
    """Things in the plural."""

    world: World
    value: Said
    words: str

    @classmethod
    def of(cls, world: World) -> Countables:
        """A category, "objects", or the plural of an object."""
        draw = world.rng.random()
        if draw < 0.72:
            name = world.category()[1]
        elif draw < 0.84:
            name = world.say("[objects*2|items|things]")
        else:
            thing = world.object_name()
            name = thing if thing.endswith("s") else plural(thing)
            if " of " in thing:
                head, _, rest = thing.partition(" of ")
                name = f"{plural(head)} of {rest}"
        return cls(world, *world.mention(name))

    def corrected(self) -> Countables:
        """With others said first: "the forks, no, the knives"."""
        wrong = self.world.say("{W}{correction}[the |]", W=plural(self.world.object_name()))
        return replace(self, words=f"{wrong}{self.words}")

    @classmethod
    def mass(cls, world: World) -> Countables:
        """One word for many things: fruit, cutlery, food."""
        return cls(world, *world.mention(world.category()[0]))

    def __str__(self) -> str:
        return self.words


@dataclass(frozen=True, slots=True)
class Kindred:
    """The things a superlative chooses among."""

    value: Said | str
    one: str
    many: str

    @classmethod
    def of(cls, world: World) -> Kindred:
        """Any object, or a category in singular and plural."""
        if world.chance(0.45):
            return cls(
                "object",
                world.say("[object*4|item*2|thing|article]"),
                world.say("[objects*3|items*2|things]"),
            )
        one, many = world.category()
        said, words = world.mention(one)
        known = _has_items(world, one)
        suffix = " item" if known and world.chance(0.15) else ""
        # A sentence uses one of the two forms; both are the category's own name.
        return cls(said, words + suffix, f"{words} items" if known and world.chance(0.12) else many)
