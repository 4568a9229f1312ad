"""What people ask a robot for: each intent maps a world to a sentence and its plan."""

from __future__ import annotations

from collections.abc import Callable

from training.generator.draft import Draft
from training.generator.intents.counting import count_people, count_things
from training.generator.intents.fetching import fetch
from training.generator.intents.gpsr import gpsr
from training.generator.intents.leading import follow_person, guide_person, meet_then_find
from training.generator.intents.learning import learn_about_person, superlative
from training.generator.intents.meeting import meet
from training.generator.intents.several import several
from training.generator.intents.simple import simple
from training.generator.intents.talking import answer, message, talk
from training.generator.world import World

INTENTS: dict[Callable[[World], Draft], int] = {
    fetch: 24,
    meet: 22,
    talk: 7,
    message: 3,
    answer: 6,
    count_things: 5,
    count_people: 7,
    learn_about_person: 9,
    superlative: 7,
    follow_person: 8,
    guide_person: 9,
    meet_then_find: 5,
    simple: 8,
    several: 4,
    gpsr: 12,
}
"""Every intent and its share."""
