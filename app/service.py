"""The loaded parts and their life: loading, ready, failed, closed."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from app.admission import Admission
from app.interpreter import Interpreter
from app.log import logger
from app.metrics import Metrics
from app.sessions import Sessions
from app.settings import Settings
from knowledge_base import KnowledgeBase
from models import create
from models.base import CommandModel
from schemas.errors import CommandInterpreterError, NotReady, ShuttingDown


@dataclass(frozen=True, slots=True)
class Parts:
    """What a ready service is made of."""

    model: CommandModel
    knowledge: KnowledgeBase


@dataclass(frozen=True, slots=True)
class Loading:
    """Still on its way; ``stage`` says to what."""

    stage: str


@dataclass(frozen=True, slots=True)
class Failed:
    """A part could not be loaded."""

    fault: CommandInterpreterError


@dataclass(frozen=True, slots=True)
class Ready:
    """Answers requests."""

    parts: Parts
    interpreter: Interpreter
    admission: Admission


@dataclass(frozen=True, slots=True)
class Closed:
    """Takes nothing any more."""


State = Loading | Failed | Ready | Closed
Loader = Callable[[Settings, Callable[[str], None]], Parts]


def load_parts(settings: Settings, progress: Callable[[str], None]) -> Parts:
    """Load model and knowledge base side by side, each with its progress.

    Raises:
        ModelError, KnowledgeError: a part is missing, corrupt or out of reach.
    """
    found: list[KnowledgeBase | CommandInterpreterError] = []

    def open_knowledge() -> None:
        try:
            knowledge = KnowledgeBase.open(settings.knowledge, progress)
            knowledge.warm_up()
            found.append(knowledge)
        except CommandInterpreterError as fault:
            found.append(fault)

    beside = threading.Thread(target=open_knowledge, name="knowledge", daemon=True)
    beside.start()
    progress(f"loading the {settings.model.backend} model")
    try:
        model = create(settings.model)
    finally:
        beside.join()
    match found:
        case [KnowledgeBase() as knowledge]:
            return Parts(model, knowledge)
        case [CommandInterpreterError() as fault]:
            model.close()
            raise fault
    model.close()
    raise CommandInterpreterError("the knowledge base could not be opened: see the log above")


class Service:
    """Loads the parts in the background and hands them out once they are there.

    Args:
        load: how the parts are made; tests pass ready ones.
        on_failure: called once if loading fails, after the state says so.
    """

    def __init__(
        self,
        settings: Settings,
        load: Loader = load_parts,
        on_failure: Callable[[CommandInterpreterError], None] = lambda _: None,
    ) -> None:
        self.settings = settings
        self.metrics = Metrics()
        self.state: State = Loading("starting")
        self._load = load
        self._on_failure = on_failure
        self._log = logger()
        self._loading: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to load; returns at once."""
        self._loading = asyncio.create_task(self._start())

    async def loaded(self) -> None:
        """Wait until loading ended, well or not."""
        if self._loading is not None:
            await asyncio.shield(self._loading)

    def ready(self) -> Ready:
        """The parts.

        Raises:
            NotReady: they are not loaded, or never will be.
            ShuttingDown: they are gone.
        """
        match self.state:
            case Ready() as ready:
                return ready
            case Loading(stage):
                raise NotReady(f"the service is not ready: {stage}", retry_after=1)
            case Failed(fault):
                raise NotReady(f"the service failed to start: {fault.message}", hint=fault.hint)
            case Closed():
                raise ShuttingDown("the service is shutting down")

    async def close(self) -> None:
        """Finish what is admitted, then free the parts."""
        await self.loaded()
        state, self.state = self.state, Closed()
        self.metrics.ready.set(0)
        if isinstance(state, Ready):
            await state.admission.drain(self.settings.server.shutdown_seconds)
            await asyncio.to_thread(state.parts.model.close)
            await asyncio.to_thread(state.parts.knowledge.close)

    async def _start(self) -> None:
        begun = time.perf_counter()
        try:
            parts = await asyncio.to_thread(self._load, self.settings, self._progress)
        except CommandInterpreterError as fault:
            self._fail(fault)
        except Exception as error:  # a fault nobody named must still end the start
            self._log.exception("unforeseen fault at start")
            self._fail(CommandInterpreterError(f"{type(error).__name__}: {error}"))
        else:
            self._become_ready(parts, time.perf_counter() - begun)

    def _become_ready(self, parts: Parts, seconds: float) -> None:
        limits = self.settings.sessions
        queue = self.settings.queue
        interpreter = Interpreter(
            parts.model, parts.knowledge, Sessions(limits.limit, limits.seconds)
        )
        admission = Admission(parts.model.slots, queue.size, queue.deadline_seconds)
        self.metrics.watch_queue(lambda: admission.pending)
        self.metrics.ready.set(1)
        self.state = Ready(parts, interpreter, admission)
        for warning in parts.knowledge.warnings():
            self._log.warning("incomplete knowledge", warning=warning)
        self._log.info("ready", model=parts.model.name, seconds=round(seconds, 2))

    def _progress(self, stage: str) -> None:
        if isinstance(self.state, Loading):
            self.state = Loading(stage)
        self._log.info("loading", stage=stage)

    def _fail(self, fault: CommandInterpreterError) -> None:
        self.state = Failed(fault)
        self._log.error("start failed", code=fault.code, error=fault.message, hint=fault.hint)
        self._on_failure(fault)
