"""Reading, changing, looking up; facts; a shared server."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from knowledge_base import KnowledgeBase
from knowledge_base.collections import COLLECTIONS
from knowledge_base.facts import facts_of, zone
from schemas.commands import GoTo, PickObject, SayWithContext
from schemas.errors import (
    Conflict,
    InvalidRequest,
    NotFound,
    SettingsError,
    StoreUnavailable,
)
from schemas.grounding import Grounding, Status

Opened = Callable[..., KnowledgeBase]


def grounded(knowledge: KnowledgeBase, phrase: str) -> Grounding:
    """The decision about an object's phrase."""
    (fields,) = knowledge.ground([PickObject(action="pick_object", object_to_pick=phrase)], phrase)
    return fields["object_to_pick"]


def test_a_change_is_understood_at_once(small: KnowledgeBase) -> None:
    assert grounded(small, "spirit level").status is Status.UNKNOWN
    small.put("objects", "level", {"name": "spirit level", "category": "tool"})
    assert grounded(small, "spirit level").id == "level"
    assert "level" in {m.id for m in grounded(small, "tool").alternatives}
    small.delete("objects", "level")
    assert grounded(small, "spirit level").status is Status.UNKNOWN


def test_a_version_that_changed_since_is_refused(small: KnowledgeBase) -> None:
    read = small.get("objects", "hammer")
    changed = small.put("objects", "hammer", {"name": "hammer"}, read.etag)
    assert changed.etag != read.etag
    with pytest.raises(Conflict, match=changed.etag):
        small.put("objects", "hammer", {"name": "mallet"}, read.etag)
    with pytest.raises(Conflict):
        small.delete("objects", "hammer", read.etag)
    small.delete("objects", "hammer", changed.etag)
    with pytest.raises(Conflict, match="gone"):
        small.put("objects", "hammer", {"name": "hammer"}, changed.etag)


def test_of_writers_of_one_version_one_wins(small: KnowledgeBase) -> None:
    etag = small.get("objects", "hammer").etag

    def write(number: int) -> bool:
        try:
            small.put("objects", "hammer", {"name": f"hammer {number}"}, etag)
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(write, range(8))) == 1


def test_same_content_has_the_same_version(small: KnowledgeBase) -> None:
    read = small.get("objects", "hammer")
    assert small.put("objects", "hammer", {"name": "hammer", "category": "tool"}).etag == read.etag


@pytest.mark.parametrize(
    ("collection", "entry_id", "fields", "error", "says"),
    [
        ("gadgets", "x", {"name": "x"}, NotFound, "gadgets"),
        ("objects", "Not An Id", {"name": "x"}, InvalidRequest, "Not An Id"),
        ("objects", "x", {}, InvalidRequest, "name"),
        ("objects", "x", {"name": ""}, InvalidRequest, "name"),
        ("objects", "x", {"name": "x", "pose": [0, 0, 0, 0, 0, 0, 1]}, InvalidRequest, "pose"),
        ("rooms", "x", {"name": "x", "pose": [1, 2]}, InvalidRequest, "pose"),
        ("rooms", "x", {"name": "x", "colour": "red"}, InvalidRequest, "colour"),
    ],
)
def test_a_wrong_entry_is_refused(
    small: KnowledgeBase,
    collection: str,
    entry_id: str,
    fields: dict[str, object],
    error: type[Exception],
    says: str,
) -> None:
    with pytest.raises(error, match=says):
        small.put(collection, entry_id, fields)


def test_what_is_not_there_is_named(small: KnowledgeBase) -> None:
    with pytest.raises(NotFound, match="gadgets"):
        small.entries("gadgets")
    with pytest.raises(NotFound, match="saw"):
        small.get("objects", "saw")
    with pytest.raises(NotFound, match="saw"):
        small.delete("objects", "saw")


def test_collections_are_counted(arena: KnowledgeBase) -> None:
    counts = {c.name: c.entries for c in arena.collections()}
    assert counts == {
        "rooms": 5,
        "placements": 25,
        "objects": 39,
        "categories": 7,
        "people": 10,
        "topics": counts["topics"],
    }
    assert set(counts) == set(COLLECTIONS)


def test_a_query_lists_names_then_neighbours(arena: KnowledgeBase) -> None:
    found = arena.query("objects", "coke", 3)
    assert found[0].id == "cola"
    assert len(found) == 3
    assert [c.score for c in found] == sorted((c.score for c in found), reverse=True)


def test_a_query_never_finds_people_by_meaning(arena: KnowledgeBase) -> None:
    assert arena.query("people", "the capital of France", 5) == []


def test_names_of_the_plan_are_ours(arena: KnowledgeBase) -> None:
    command = GoTo(action="go_to", location_to_go="the fridge")
    (fields,) = arena.ground([command], "go to the fridge")
    assert arena.canonical(command, fields) == GoTo(action="go_to", location_to_go="refrigerator")


def test_a_topic_carries_its_text_and_source(small: KnowledgeBase) -> None:
    command = SayWithContext(
        action="say_with_context", user_instruction="…", previous_command_info="your motto"
    )
    (fields,) = small.ground([command], "tell me your motto")
    (fact,) = fields["previous_command_info"].facts
    assert (fact.text, fact.source) == ("Slowly, but surely.", "topics/your_motto")


def test_the_clock_answers_in_the_robots_zone(small: KnowledgeBase) -> None:
    topic = small.get("topics", "the_time")
    now = datetime(2026, 1, 31, 23, 30, tzinfo=UTC)
    (utc,) = facts_of(topic, now)
    (tokyo,) = facts_of(topic, now.astimezone(zone("Asia/Tokyo")))
    assert (utc.text, tokyo.text) == ("It is 23:30.", "It is 08:30.")
    assert utc.source == "clock"
    dated = topic.model_copy(update={"text": "{date}; {tomorrow}; {weekday}; {day}"})
    (fact,) = facts_of(dated, now)
    assert fact.text == ("Saturday, 31 January 2026; Sunday, 1 February 2026; Saturday; 31")


def test_a_zone_that_is_none_is_named(opened: Opened) -> None:
    with pytest.raises(SettingsError, match="Mars"):
        opened(time_zone="Mars/Olympus")


def test_two_services_on_one_server_see_each_others_changes(
    opened: Opened, chroma_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("knowledge_base.knowledge._REFRESH_SECONDS", 0.0)
    first, second = opened(chroma_url=chroma_server), opened(chroma_url=chroma_server)
    first.put("objects", "saw", {"name": "saw"})
    assert grounded(second, "saw").status is Status.KNOWN
    second.delete("objects", "hammer")
    assert grounded(first, "hammer").status is not Status.KNOWN
    assert {e.id for e in first.entries("objects")} == {"pliers", "saw"}


def test_no_words_mean_nothing(small: KnowledgeBase) -> None:
    with pytest.raises(InvalidRequest, match="empty"):
        small.query("objects", "  ", 5)


def test_while_the_server_is_gone_what_was_read_still_holds(
    opened: Opened, chroma_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    knowledge = opened(chroma_url=chroma_server)
    monkeypatch.setattr("knowledge_base.knowledge._REFRESH_SECONDS", 0)
    monkeypatch.setattr("knowledge_base.store.Store.mark", gone)
    assert knowledge.get("objects", "hammer").name == "hammer"
    with pytest.raises(StoreUnavailable):
        knowledge.put("objects", "saw", {"name": "saw"})


def gone(*_: object) -> str:
    raise StoreUnavailable("nobody answers")
