"""What the robot may say about a topic: the team's text, or what the clock says."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from knowledge_base.entry import Entry
from schemas.errors import SettingsError
from schemas.grounding import Fact


def zone(name: str) -> ZoneInfo:
    """The time zone of that name.

    Raises:
        SettingsError: there is none.
    """
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise SettingsError(
            f"there is no time zone {name!r}", hint="Use a name such as Europe/Berlin."
        ) from None


def facts_of(topic: Entry, now: datetime) -> tuple[Fact, ...]:
    """The facts of a topic; its text may ask the clock with ``{time}``, ``{date}`` and others."""
    if not topic.text:
        return ()
    tomorrow = now + timedelta(days=1)
    clock = {
        "{time}": f"{now:%H:%M}",
        "{date}": f"{now:%A}, {now.day} {now:%B %Y}",
        "{tomorrow}": f"{tomorrow:%A}, {tomorrow.day} {tomorrow:%B %Y}",
        "{weekday}": f"{now:%A}",
        "{day}": str(now.day),
    }
    text = topic.text
    for name, value in clock.items():
        text = text.replace(name, value)
    return (Fact(text=text, source="clock" if text != topic.text else f"topics/{topic.id}"),)
