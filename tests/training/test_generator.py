"""Samples: right by the schemas, reproducible, and unseen where they say so."""

import json
import random
import re
from bisect import bisect
from pathlib import Path

import pytest
import yaml

from schemas.plan import (
    MAX_COMMANDS,
    MAX_VERB_LENGTH,
    Decline,
    DeclineReason,
    Plan,
    TooMuch,
    answer_from,
)
from training.generator.declines import withdrawn
from training.generator.draft import Draft, NothingHeldOut, renamed, template
from training.generator.entities import Arena, ArenaError, Lexicon, Mixture
from training.generator.intents import INTENTS
from training.generator.intents.fetching import fetch
from training.generator.intents.leading import guide_person
from training.generator.mentions import MARKS, clean, said
from training.generator.people import person
from training.generator.resources import lines
from training.generator.sample import Generator, Recipe, _joined, _reversed
from training.generator.splits import Split, word_held_out
from training.generator.style import Styles
from training.generator.world import World

CORPUS = Path(__file__).parents[1] / "corpus.yaml"


@pytest.fixture(scope="module")
def samples():
    return list(Generator(Recipe()).samples(11, 3000))


def test_every_target_is_what_the_schemas_write(samples):
    for sample in samples:
        answer = answer_from(json.loads(sample.target), sample.text)
        if answer == TooMuch():
            assert sample.target.count('"action"') == MAX_COMMANDS + 1
        else:
            assert answer.target() == sample.target


def test_no_mark_is_left_in_a_sample(samples):
    assert [s for s in samples if MARKS.search(s.text + s.target)] == []


def test_every_command_intent_and_reason_occurs(samples):
    actions = {c["action"] for s in samples for c in json.loads(s.target)["commands"]}
    kinds = {s.kind for s in samples}
    # Those the default model is held to: a command may be declared before there are weights for it.
    rows = yaml.safe_load(CORPUS.read_text())["interpreted"]
    assert actions == {step.partition(" ")[0] for row in rows for step in row["spoken"]}
    assert {i.__name__ for i in INTENTS} | {r.value for r in DeclineReason} <= kinds


def test_the_same_seed_gives_the_same_samples():
    one, two = (list(Generator(Recipe()).samples(5, 200)) for _ in range(2))
    other = list(Generator(Recipe()).samples(6, 200))
    assert one == two
    assert one != other


def test_slots_hold_words_of_the_utterance(samples):
    loose = re.compile(r"[^a-z0-9]")
    for sample in samples:
        said = loose.sub("", sample.text.lower())
        for command in json.loads(sample.target)["commands"]:
            place = command.get("location_to_go", "start_location")
            if place != "start_location":
                assert loose.sub("", place.lower()) in said, sample


@pytest.fixture(scope="module")
def plain():
    """Single tasks as they are worded, without noise."""
    recipe = Recipe(declines=0, compositions=0, styles=Styles(1, 0, 0))
    return list(Generator(recipe).samples(23, 12_000))


COPIED = ("location_to_go", "object_to_pick", "name", "destination", "destination_room")
LITERAL = {"start_location", "canceled"}


def test_places_things_and_names_are_whole_words_of_the_utterance(plain):
    for sample in plain:
        for command in json.loads(sample.target)["commands"]:
            for value in (command[f] for f in COPIED if f in command):
                whole = rf"(?<!\w){re.escape(value)}(?!\w)"
                said = re.search(whole, sample.text, re.IGNORECASE)
                assert value in LITERAL or said, sample


_FETCHED = "(go )?pick( home give| go put|( go)? find give)?"
SHAPES = {
    "fetch": f"{_FETCHED}( (say|answer|follow|guide))?|(?P<one>{_FETCHED})( (?P=one)){{1,4}}",
    "meet": "(go )?find( hello)?( (say|answer))?( (say|answer|follow|guide))?",
    "talk": "(go )?find say",
    "message": "(go )?find say",
    "answer": "(go )?find answer",
    "count_things": "(go )?count (home|go find) tell",
    "count_people": "(go )?count (home|go find) tell",
    "learn_about_person": "(go )?find learn (home|go find) tell",
    "superlative": "(go )?compare (home|go find) tell",
    "several": "(go )?pick .*(give|put)|go pick( go pick)+"
    "|go find (go |(say|hello) )?find( say| hello)?|go (count|compare|pick).* go count home tell",
    "follow_person": "(go )?find follow( pick give)?",
    "guide_person": "(go )?find (guide|follow)( pick give)?",
    "meet_then_find": "go find go find",
}
"""What each intent's plans are, in the words of ``_shape``."""

STEPS = {
    "go_to": "go", "pick_object": "pick", "give_object": "give", "place_object": "put",
    "find_person": "find", "find_person_by_name": "find", "count": "count",
    "get_person_info": "learn", "get_visual_info": "compare", "answer_question": "answer",
    "follow_person_until": "follow", "guide_person_to": "guide",
}  # fmt: skip


def _shape(command):
    if command.get("location_to_go") == "start_location":
        return "home"
    topic = command.get("previous_command_info")
    if topic == "introduction":
        return "hello"
    if topic is not None:
        return "tell" if topic in ("count", "get_person_info", "get_visual_info") else "say"
    return STEPS[command["action"]]


def test_a_message_stands_apart_from_the_words_before_it(plain):
    for sample in (s for s in plain if s.kind == "message"):
        said = json.loads(sample.target)["commands"][-1]["previous_command_info"]
        assert re.search(rf"(?<!\w){re.escape(said)}", sample.text), sample


def test_two_or_three_of_something_are_planned_one_by_one(plain):
    shapes = {
        ("pick_object", "go_to", "give_object") * 3,
        ("go_to", "pick_object", "go_to", "give_object") * 2,
        ("go_to", "pick_object") * 2,
        ("go_to", *("find_person_by_name", "say_with_context") * 2),
        ("go_to", "count", "go_to", "say_with_context") * 2,
    }
    several = [s for s in plain if s.kind == "several"]
    made = {tuple(c["action"] for c in json.loads(s.target)["commands"]) for s in several}
    assert shapes <= made


def test_a_number_of_things_is_fetched_one_by_one(plain):
    numbers = {"two": 2, "2": 2, "couple": 2, "three": 3, "3": 3, "four": 4, "4": 4}
    numbers |= {"five": 5, "5": 5}
    counted = re.compile(rf"\b({'|'.join(numbers)})( of)? (?=(?P<things>.+))", re.IGNORECASE)
    times = set()
    for sample in (s for s in plain if s.kind == "fetch"):
        picked = [
            c["object_to_pick"]
            for c in json.loads(sample.target)["commands"]
            if c["action"] == "pick_object"
        ]
        if len(picked) > 1:
            said = [m for m in counted.finditer(sample.text) if m["things"].startswith(picked[0])]
            assert set(picked) == {picked[0]}
            assert len(picked) in {numbers[m[1].lower()] for m in said}, sample
            times.add(len(picked))
    assert times == {2, 3, 4, 5}


def test_a_request_that_is_taken_back_is_declined():
    request = "bring me the cup from the hall"
    generator = Generator(Recipe())
    for seed in range(50):
        world = World(random.Random(seed), generator.lexicon, generator.grammar)
        draft = withdrawn(world, request)
        assert draft.reason is DeclineReason.CHIT_CHAT
        assert request in draft.text
        assert draft.text != request


def test_of_a_command_that_is_taken_back_only_the_next_is_planned():
    generator = Generator(Recipe())
    rest = "go to the hall"
    for seed in range(200):
        world = World(random.Random(seed), generator.lexicon, generator.grammar)
        draft = generator._instead(world, Draft(rest, []))
        assert draft.text.endswith(rest)
        assert draft.text != rest
        assert draft.steps == []
        assert not MARKS.search(draft.text)


def test_two_commands_are_told_in_either_order():
    rng = random.Random(5)
    told = {_reversed("take the cup", "go to the hall", rng) for _ in range(400)}
    assert "before going to the hall, take the cup" in told
    assert "go to the hall, but only after you have taken the cup" in told
    assert all("cup" in text and "hall" in text for text in told)
    begun = {_reversed("take the cup. wash it", "go to the hall", rng) for _ in range(400)}
    assert not any("taking" in text or "taken" in text for text in begun)


def test_asking_whether_something_is_there_counts_it(plain):
    asked = [s for s in plain if re.match(r"(is|do|are) (there|we have)\b", s.text.lower())]
    assert {s.kind for s in asked} >= {"count_things"}
    for sample in asked:
        if sample.kind == "count_things":
            assert _shape(json.loads(sample.target)["commands"][-1]) == "tell"


def test_every_intent_keeps_to_the_shape_of_its_plans(plain):
    seen = set()
    for sample in plain:
        if sample.kind in SHAPES:
            seen.add(sample.kind)
            commands = json.loads(sample.target)["commands"]
            shape = " ".join(map(_shape, commands))
            cut_off = len(commands) > MAX_COMMANDS
            assert cut_off or re.fullmatch(SHAPES[sample.kind], shape), (sample, shape)
    assert seen == set(SHAPES)


GREETING = re.compile(
    r"\b(greet|salut|hello|hi\b|hail|welcom|introduc|acknowledg|present|regards"
    r"|respects|good (?:day|morning|afternoon|evening)|(?:say(?:ing)?|said) (?:hey|yo|what's up)"
    r"|your hellos|holla|shout to|known to)",
    re.IGNORECASE,
)


TAKEN_BACK = re.compile(
    r"second thought|scratch that|cancel that|forget that|changed my mind|sorry|actually|"
    r"\bno\b|wait|instead|rather",
    re.IGNORECASE,
)
"""Behind these words something else is meant than before them."""


def test_nobody_is_greeted_unasked(plain):
    greeted = [s for s in plain if "introduction" in s.target]
    assert len(greeted) > 100
    assert [s.text for s in greeted if not GREETING.search(s.text)] == []


def test_only_finding_a_superlative_asks_which_it_is(plain):
    found = re.compile(r"\b(?:find|locate|look for|search for|identify) the \w+est ", re.I)
    compared = [s for s in plain if s.kind == "superlative" and found.search(s.text)]
    picked = [s for s in plain if s.kind == "fetch" and found.search(s.text)]
    picked = [s for s in picked if not TAKEN_BACK.search(s.text)]
    assert compared
    assert all(json.loads(s.target)["commands"][-1]["action"] != "pick_object" for s in picked)


def test_tasks_in_one_breath_are_planned_in_the_order_said():
    recipe = Recipe(declines=0, compositions=1, styles=Styles(1, 0, 0))
    seen = set()
    for sample in Generator(recipe).samples(9, 600):
        first, *rest = re.split(r"\b(?:secondly|thirdly|lastly), ", sample.text.lower())
        if not (rest and first.startswith("firstly, ")):
            continue
        seen.add(len(rest) + 1)
        named = [c["name"].lower() for c in json.loads(sample.target)["commands"] if "name" in c]
        tasks = [first, *rest]
        parts = [next(i for i, t in enumerate(tasks) if name in t) for name in named]
        assert parts == sorted(parts), sample
    assert {2, 3} <= seen


def test_what_is_said_to_come_first_is_planned_first():
    told = {_joined(["find ann", "find bob"], random.Random(seed)) for seed in range(500)}
    reversed_ = [text for text in told if text.startswith(("before", "prior to", "after"))]
    assert len(reversed_) > 2
    for text in reversed_:
        bob_is_said_first = text.index("bob") < text.index("ann")
        assert bob_is_said_first == text.startswith(("before", "prior to finding")), text


def test_who_begins_again_does_not_do_so_inside_a_slot():
    heard = Recipe(styles=Styles(0, 0, 1, word_error=(0, 0)))
    twice = re.compile(r"\b(\w+ \w+) \1\b")
    stumbled = 0
    for sample in Generator(heard).samples(12, 3000):
        stumbled += bool(twice.search(sample.text))
        values = (v for c in json.loads(sample.target)["commands"] for v in c.values())
        assert not any(map(twice.search, values)), sample
    assert stumbled > 10


def test_unseen_words_are_of_the_held_out_part():
    recipe = Recipe(declines=0, mixture=Mixture(0, 0, 1, 0), styles=Styles(1, 0, 0))
    known = set(lines("words"))
    for sample in Generator(recipe, Split.UNSEEN_ENTITIES).samples(3, 300):
        for command in json.loads(sample.target)["commands"]:
            word = command.get("location_to_go", "")
            if word in known:
                assert word_held_out(word), sample


def test_a_look_alike_is_of_the_split_and_one_letter_or_a_few_entries_off():
    lexicon = Lexicon(Arena.default(), Split.TRAIN, Mixture())
    rng = random.Random(4)
    for word in ("velvet", "ottoman", "quarantine"):
        other = lexicon.like(rng, word, coined=True)
        assert len(other) == len(word)
        assert sum(a != b for a, b in zip(word, other, strict=True)) == 1
        near = lexicon.like(rng, word, coined=False)
        assert near in lexicon.words
        assert abs(lexicon.words.index(near) - bisect(lexicon.words, word)) <= 3
        assert not any(map(word_held_out, (other, near)))


def test_furniture_may_be_told_apart_by_its_room(plain):
    places = [
        (c["location_to_go"], s.text)
        for s in plain
        for c in json.loads(s.target)["commands"]
        if " in the " in c.get("location_to_go", "")
    ]
    assert len(places) > 30
    assert all(place in text for place, text in places)


def test_a_place_may_stand_between_a_person_and_their_looks(plain):
    between = re.compile(
        r" (?:in|at|by|near) the [\w ]+ (?:with|raising|lifting)"
        r" (?:their|his|her|the) (left|right) arm"
    )
    found = [(m[1], s) for s in plain if (m := between.search(s.text))]
    found = [(side, s) for side, s in found if not TAKEN_BACK.search(s.text)]
    assert found
    for side, sample in found:
        assert f"{side} arm" in sample.target, sample


def _worlds(count):
    """Worlds that draw from one stream of random numbers."""
    generator, rng = Generator(Recipe()), random.Random(5)
    for _ in range(count):
        yield World(rng, generator.lexicon, generator.grammar)


def _of(intent, count):
    """Plain utterances of one intent, and the commands of their plans."""
    for world in _worlds(count):
        draft = renamed(world, intent(world))
        found = said(draft.text)
        yield clean(draft.text), [step.written(found) for step in draft.steps]


def test_of_two_places_for_a_thing_the_one_said_last_is_gone_to():
    moved = [(t, p) for t, p in _of(fetch, 20_000) if re.search(r"\bi (?:saw|left) it ", t)]
    corrected = [
        (text, plan)
        for text, plan in moved
        if text.count(plan[0].get("location_to_go", "nowhere")) == 1
        and re.search(r"(?:no|actually|wait|sorry|hang on)[, ]+i (?:saw|left) it ", text)
    ]
    assert len(corrected) > 5
    for text, plan in corrected:
        assert text.index(plan[0]["location_to_go"]) > text.index(" it ")


def test_of_two_looks_of_a_person_the_one_said_last_counts():
    seen = [person(world, "pose") for world in _worlds(20_000)]
    pose = re.compile(r"\b(?:sitting|standing|lying)\b")
    looked = [(poses, one) for one in seen if len(poses := pose.findall(clean(one.noun))) > 1]
    assert len({tuple(poses) for poses, _ in looked}) > 3
    for poses, one in looked:
        assert one.value.startswith(f"{poses[-1]} ")


def test_who_gets_a_thing_may_be_somebody_else_after_all():
    meant = re.compile(r"\bnot [\w' -]+, i meant ([\w-]+)")
    given = [(found, p) for t, p in _of(fetch, 40_000) if (found := meant.search(t))]
    named = [(m[1], c["name"]) for m, p in given for c in p if "name" in c]
    assert named
    assert all(name.startswith(first) for first, name in named)


def test_who_is_brought_is_led_to_the_operator():
    wanted = re.compile(r"^bring ([A-Z]\w+) from [\w' ]+ to me$")
    brought = [(f[1], p) for t, p in _of(guide_person, 20_000) if (f := wanted.match(t))]
    assert brought
    for name, plan in brought:
        assert [c["action"] for c in plan] == ["go_to", "find_person_by_name", "guide_person_to"]
        assert plan[1]["name"] == name
        assert plan[2]["destination_room"] == "start_location"


def test_a_group_without_a_fitting_template_says_so():
    (world,) = _worlds(1)
    assert "{VERB" in template(world, "meet_only", having=re.compile(r"\{VERB"))
    with pytest.raises(NothingHeldOut):
        template(world, "meet_only", having=re.compile("nothing like it"))


@pytest.fixture(scope="module")
def plainly_declined():
    return list(Generator(Recipe(declines=1, styles=Styles(1, 0, 0))).samples(2, 20_000))


@pytest.mark.parametrize(
    ("wording", "verb"),
    [(r"\bsing happy birthday\b", "sing"), (r"\bgive .* a (?:big |little |)hug\b", "hug")],
    ids=["the same words may be said", "it is no thing to be given"],
)
def test_what_looks_like_the_robots_own_is_declined(plainly_declined, wording, verb):
    found = [json.loads(s.target) for s in plainly_declined if re.search(wording, s.text)]
    assert found
    assert all((t["reason"], t["verb"]) == ("missing_action", verb) for t in found)


def test_declines_name_the_verb_they_lack(samples):
    declined = [answer_from(json.loads(s.target), s.text) for s in samples]
    missing = [a for a in declined if isinstance(a, Decline) and a.reason == "missing_action"]
    assert missing
    assert all(a.verb for a in missing)
    assert any(isinstance(a, Plan) for a in declined)


@pytest.mark.parametrize("split", Split)
def test_what_is_lacking_fits_an_answer_in_every_split(split):
    made = Generator(Recipe(declines=0.5), split).samples(8, 2_000)
    lacking = [json.loads(s.target)["verb"] for s in made if s.kind == "missing_action"]
    assert max(map(len, lacking)) <= MAX_VERB_LENGTH


def test_idioms_of_the_robots_own_verbs_are_trained_on():
    made = Generator(Recipe(declines=0.5)).samples(8, 6_000)
    lacking = {json.loads(s.target)["verb"].lower() for s in made if s.kind == "missing_action"}
    phrased = re.compile(
        r"keep a close eye on |turn .+ (?:a notch|a bit|halfway)$|bring .+ to court$"
        r"|(?:set|lay) the .*table|get a (?:grip|life|clue)$|take (?:a hike|the blame|turns)$"
    )
    assert any(phrased.match(verb) for verb in lacking)


def test_an_arena_of_ones_own_is_named(tmp_path):
    path = tmp_path / "arena.yaml"
    path.write_text(
        "people: [Zo]\nrooms: [engine room]\nlocations: [helm]\nplacements: [helm]\n"
        "objects: [sextant]\ncategories: {chart: charts}\n"
    )
    recipe = Recipe(arena=Arena.read(path), mixture=Mixture(1, 0, 0, 0))
    said = " ".join(s.text.lower() for s in Generator(recipe).samples(1, 300))
    assert {"engine room", "sextant", "helm"} <= {
        w for w in ("engine room", "sextant", "helm") if w in said
    }


def test_a_competition_template_is_read(tmp_path):
    (tmp_path / "names").mkdir()
    (tmp_path / "names" / "names.md").write_text("| Names |\n|---|\n| Adel |\n| Jane |\n")
    (tmp_path / "room_names.md").write_text("| ID | Room |\n|---|---|\n| 1 | kitchen |\n")
    (tmp_path / "location_names.md").write_text(
        "| ID | Location |\n|---|---|\n| 1 | desk (p) |\n| 2 | exit |\n"
    )
    (tmp_path / "objects.md").write_text(
        "# Class drinks (drink)\n\n| Objectname | Image |\n|---|---|\n| orange_juice | x |\n"
    )
    arena = Arena.read(tmp_path)
    assert arena.people == ("Adel", "Jane")
    assert arena.rooms == ("kitchen",)
    assert arena.placements == ("desk",)
    assert arena.objects == ("orange juice",)
    assert arena.categories == (("drink", "drinks"),)


@pytest.mark.parametrize("text", ["[1, 2]", "people: [a]", "a: [", "people: 3\nrooms: 4"])
def test_an_arena_that_cannot_be_read_says_why(tmp_path, text):
    path = tmp_path / "arena.yaml"
    path.write_text(text)
    with pytest.raises(ArenaError):
        Arena.read(path)


def test_a_missing_arena_says_so(tmp_path):
    with pytest.raises(ArenaError, match="cannot read"):
        Arena.read(tmp_path / "nowhere.yaml")
