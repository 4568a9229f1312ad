"""The 23 command types in the wording of RoboCup@Home's own command generator."""

from __future__ import annotations

from collections.abc import Callable

from schemas.commands import FindPerson
from training.generator.draft import Draft
from training.generator.entities import choose
from training.generator.people import Crowd, Look, Person, gesture, posture
from training.generator.places import anywhere, room, spot, surface
from training.generator.plan import (
    ANSWER,
    GIVE,
    HOME,
    INTRODUCE,
    PUT,
    TELL_COUNT,
    TELL_PERSON,
    TELL_VISUAL,
    UNTIL_TOLD,
    Step,
    compare,
    count,
    follow,
    go,
    guide,
    learn,
    pick,
    say,
)
from training.generator.world import World, article

TAKE, DELIVER = "[take|get|grasp|fetch]", "[bring|give|deliver]"
FIND, TALK = "[find|locate|look for]", "[tell|say]"
GREET = "[greet|salute|say hello to|introduce yourself to]"
GUIDE = "[guide|escort|take|lead]"
TOPICS = (
    "something about yourself",
    "the time",
    "what day is today",
    "what day is tomorrow",
    "your teams name",
    "your teams country",
    "your teams affiliation",
    "the day of the week",
    "the day of the month",
)


def gpsr(world: World) -> Draft:
    """One command of any of the types."""
    make: Callable[[World], Draft] = choose(world.rng, TYPES)
    return make(world)


def _look(world: World, look: Look) -> Person:
    return Person(world, look.of_one, False, look.of_one, "them", look.of_one)


def _gestured(world: World) -> Person:
    return _look(world, gesture(world))


def _posed(world: World) -> Person:
    return _look(world, posture(world) if world.chance(0.4) else gesture(world))


def _named(world: World) -> Person:
    said, words = world.mention(world.name())
    return Person(world, said, True, words, "them", words)


def _dressed(world: World) -> Person:
    color, (one, _) = world.outfit()
    said, words = world.mention(f"{color} {one}")
    return Person(world, said, False, f"person wearing {article(words)}", "them", "")


def _with_person(world: World) -> tuple[str, list[Step]]:
    kind = choose(world.rng, "talk answer follow follow_to guide".split())
    if kind == "talk":
        topic = choose(world.rng, TOPICS)
        return world.say(f"{TALK} {topic}"), [say(topic)]
    if kind == "answer":
        return world.say("answer a [question|quiz]"), [ANSWER]
    if kind == "follow":
        return "follow them", [UNTIL_TOLD]
    goal = anywhere(world)
    if kind == "follow_to":
        return f"follow them to the {goal}", [follow(goal.value)]
    return world.say(f"{GUIDE} them to the {{D}}", D=goal), [guide(goal.value)]


def _with_object(world: World) -> tuple[str, list[Step]]:
    kind = choose(world.rng, "place operator room name".split())
    if kind == "operator":
        return world.say(f"{DELIVER} it to me"), [HOME, GIVE]
    if kind == "place":
        goal = surface(world)
        return world.say("[put|place] it on the {D}", D=goal), [go(goal.value), PUT]
    where = room(world)
    someone = _named(world) if kind == "name" else _posed(world)
    the = "" if kind == "name" else "the "
    text = world.say(f"{DELIVER} it to {the}{{X}} in the {{R}}", X=someone, R=where)
    return text, [go(where.value), someone.step, GIVE]


def _thing(world: World) -> tuple[str, Step]:
    said, words = world.mention(world.category()[0] if world.chance(0.5) else world.object_name())
    return article(words), pick(said)


def _go_to(world: World) -> Draft:
    place = anywhere(world)
    head = world.say("[go|navigate] to the {S} then ", S=place) + " "
    kind = choose(world.rng, ("find", "meet", "object"))
    if kind == "object":
        words, step = _thing(world)
        after, steps = _with_object(world)
        text = f"{head}{world.say(FIND)} {words} and {world.say(TAKE)} it and {after}"
        return Draft(text, [go(place.value), step, *steps])
    someone = _named(world) if kind == "meet" else _posed(world)
    after, steps = _with_person(world)
    verb = "meet" if kind == "meet" else f"{world.say(FIND)} the"
    return Draft(f"{head}{verb} {someone} and {after}", [go(place.value), someone.step, *steps])


def _take(world: World) -> Draft:
    words, step = _thing(world)
    place = surface(world)
    after, steps = _with_object(world)
    return Draft(
        f"{world.say(TAKE)} {words} from the {place} and {after}", [go(place.value), step, *steps]
    )


def _find_object(world: World) -> Draft:
    words, step = _thing(world)
    place = room(world)
    after, steps = _with_object(world)
    text = f"{world.say(FIND)} {words} in the {place} then {world.say(TAKE)} it and {after}"
    return Draft(text, [go(place.value), step, *steps])


def _find_person(world: World) -> Draft:
    someone, place = _posed(world), room(world)
    after, steps = _with_person(world)
    text = f"{world.say(FIND)} {article(str(someone))} in the {place} and {after}"
    return Draft(text, [go(place.value), someone.step, *steps])


def _meet(world: World) -> Draft:
    someone, place = _named(world), room(world)
    after, steps = _with_person(world)
    return Draft(
        f"meet {someone} in the {place} and {after}", [go(place.value), someone.step, *steps]
    )


def _count_objects(world: World) -> Draft:
    place = surface(world)
    said, words = world.mention(world.category()[1])
    text = f"tell me how many {words} there are on the {place}"
    return Draft(text, [go(place.value), count(said), HOME, TELL_COUNT])


def _count_people(world: World) -> Draft:
    place = room(world)
    look = _many(world)
    text = f"tell me how many {look} are in the {place}"
    return Draft(text, [go(place.value), count(look), HOME, TELL_COUNT])


def _many(world: World) -> str:
    return (posture(world) if world.chance(0.4) else gesture(world)).of_many


def _person_info(world: World) -> Draft:
    place = anywhere(world)
    what = choose(world.rng, ("name", "pose", "gesture"))
    where = "in" if place.kind == "room" else "at"
    text = f"tell me the {what} of the person {where} the {place}"
    return Draft(text, [go(place.value), *_anyone(what), HOME, TELL_PERSON])


def _anyone(what: str) -> list[Step]:
    return [_ANYONE, learn(what)]


def _property(world: World) -> Draft:
    place = surface(world)
    measure = choose(
        world.rng, ("biggest", "largest", "smallest", "heaviest", "lightest", "thinnest")
    )
    said: object = "object"
    words = "object"
    if world.chance(0.5):
        said, words = world.mention(world.category()[0])
    text = f"tell me what is the {measure} {words} on the {place}"
    return Draft(text, [go(place.value), compare(measure, said), HOME, TELL_VISUAL])  # type: ignore[arg-type]


def _talk(world: World) -> Draft:
    someone, place = _gestured(world), room(world)
    topic = choose(world.rng, TOPICS)
    text = world.say(f"{TALK} {topic} to the {{X}} in the {{S}}", X=someone, S=place)
    return Draft(text, [go(place.value), someone.step, say(topic)])


def _answer(world: World) -> Draft:
    someone, place = _gestured(world), room(world)
    text = world.say("answer the [question|quiz] of the {X} in the {S}", X=someone, S=place)
    return Draft(text, [go(place.value), someone.step, ANSWER])


def _follow_name(world: World) -> Draft:
    start, someone, goal = spot(world), _named(world), room(world)
    text = f"follow {someone} from the {start} to the {goal}"
    return Draft(text, [go(start.value), someone.step, follow(goal.value)])


def _guide(world: World) -> Draft:
    start = spot(world)
    someone = choose(world.rng, (_named, _posed, _dressed))(world)
    goal = anywhere(world)
    the = "" if someone.named else "the "
    text = f"{world.say(GUIDE)} {the}{someone} from the {start} to the {goal}"
    return Draft(text, [go(start.value), someone.step, guide(goal.value)])


def _bring(world: World) -> Draft:
    said, words = world.mention(world.object_name())
    place = surface(world)
    text = f"{world.say('[bring|give]')} me {article(words)} from the {place}"
    return Draft(text, [go(place.value), pick(said), HOME, GIVE])


def _greet(world: World) -> Draft:
    someone = choose(world.rng, (_named, _dressed))(world)
    place = room(world)
    after, steps = _with_person(world)
    the = "" if someone.named else "the "
    text = f"{world.say(GREET)} {the}{someone} in the {place} and {after}"
    return Draft(text, [go(place.value), someone.step, INTRODUCE, *steps])


def _meet_find(world: World) -> Draft:
    someone, first, second = _named(world), spot(world), room(world)
    text = f"meet {someone} at the {first} then {world.say(FIND)} them in the {second}"
    return Draft(text, [go(first.value), someone.step, go(second.value), someone.step])


def _count_clothes(world: World) -> Draft:
    place = room(world)
    color, (_, many) = world.outfit()
    crowd = Crowd(f"people wearing {color} {many}", "", "", "")
    _, words = world.mention(f"{color} {many}")
    text = f"tell me how many people in the {place} are wearing {words}"
    return Draft(text, [go(place.value), count(crowd.value), HOME, TELL_COUNT])


def _tell_info(world: World) -> Draft:
    first, second = spot(world), spot(world)
    what = choose(world.rng, ("name", "pose", "gesture"))
    text = f"tell the {what} of the person at the {first} to the person at the {second}"
    steps = [go(first.value), *_anyone(what), go(second.value), _ANYONE, TELL_PERSON]
    return Draft(text, steps)


def _follow(world: World) -> Draft:
    someone, place = _posed(world), anywhere(world, 0.7)
    where = "in" if place.kind == "room" else "at"
    text = f"follow the {someone} {where} the {place}"
    return Draft(text, [go(place.value), someone.step, UNTIL_TOLD])


_ANYONE = Step(FindPerson, {"attribute_value": ""})
# One entry a type of the official generator; tellObjProp and tellCatProp, the three guides and the
# two greetings share a function.
TYPES: tuple[Callable[[World], Draft], ...] = (
    _go_to,
    _take,
    _find_person,
    _find_object,
    _meet,
    _count_objects,
    _count_people,
    _person_info,
    _property,
    _property,
    _talk,
    _answer,
    _follow_name,
    _guide,
    _guide,
    _guide,
    _bring,
    _greet,
    _greet,
    _meet_find,
    _count_clothes,
    _tell_info,
    _follow,
)
