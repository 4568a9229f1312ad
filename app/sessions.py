"""What each conversation is about: its last plan and the question that is open.

Sessions expire, are bounded in number (the least recent goes first), and each is worked on by
one request at a time.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from schemas.commands import RobotCommand
from schemas.grounding import Fields

Commands = tuple[RobotCommand, ...]
Groundings = tuple[Fields, ...]


@dataclass(slots=True)
class Session:
    """One conversation's state; hold it only inside ``Sessions.use``."""

    utterance: str = ""
    spoken: Commands = ()
    """The last plan in the speaker's words."""
    groundings: Groundings = ()
    asked: bool = False
    """Whether the last answer asked a question about that plan."""
    confidence: float = 1.0
    lock: threading.Lock = field(default_factory=threading.Lock)
    used: float = 0.0

    def forget(self) -> None:
        """Drop the plan and the question."""
        self.utterance, self.spoken, self.groundings, self.asked = "", (), (), False


class Sessions:
    """Sessions by id.

    Args:
        limit: sessions kept at once.
        seconds: time without a request after which a session is forgotten.
        clock: monotonic seconds.
    """

    def __init__(
        self, limit: int, seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._limit = limit
        self._seconds = seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._by_id: OrderedDict[str, Session] = OrderedDict()

    def __len__(self) -> int:
        return len(self._by_id)

    @contextmanager
    def use(self, session_id: str | None) -> Iterator[Session]:
        """The session of that id, alone; without an id a new one that nobody keeps."""
        if session_id is None:
            yield Session()
            return
        session = self._take(session_id)
        with session.lock:
            yield session
            session.used = self._clock()

    def _take(self, session_id: str) -> Session:
        now = self._clock()
        with self._lock:
            session = self._by_id.get(session_id)
            if session is None or now - session.used > self._seconds:
                session = self._by_id[session_id] = Session(used=now)
            session.used = now
            self._by_id.move_to_end(session_id)
            while len(self._by_id) > self._limit:
                self._by_id.popitem(last=False)
            return session
