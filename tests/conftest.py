"""What several test folders share: a real knowledge base, and the service on a real socket."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
import uvicorn

from app.main import create_app
from app.service import Parts, Service, load_parts
from app.settings import ENV_PREFIX, Settings
from knowledge_base import KnowledgeBase
from knowledge_base.options import KnowledgeOptions
from models.base import CommandModel
from models.stub import StubModel

START_SECONDS = 60
MAKE = ("MAKEFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "MFLAGS")


@pytest.fixture(scope="session", autouse=True)
def _fresh_environment() -> Iterator[None]:
    """What a test starts sees neither the make that runs the suite nor the caller's settings.

    A make below a make prints the directories it enters and takes over the flags of the one above.
    """
    with pytest.MonkeyPatch.context() as patched:
        for name in [*MAKE, *(name for name in os.environ if name.startswith(ENV_PREFIX))]:
            patched.delenv(name, raising=False)
        yield


class Served:
    """A service on a socket of this machine, in a thread of its own."""

    def __init__(self, service: Service, port: int = 0) -> None:
        self.service = service
        config = uvicorn.Config(create_app(service), port=port, log_config=None, access_log=False)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)

    def start(self) -> None:
        """Return once the socket is bound."""
        self._thread.start()
        waiting = threading.Event()
        for _ in range(START_SECONDS * 100):
            if self._server.started:
                return
            waiting.wait(0.01)
        raise TimeoutError("the server did not start")

    @property
    def url(self) -> str:
        """Where it listens."""
        port = self._server.servers[0].sockets[0].getsockname()[1]
        return f"http://127.0.0.1:{port}"

    def stop(self) -> None:
        """Shut down as at an interrupt."""
        self._server.should_exit = True
        self._thread.join(START_SECONDS)
        assert not self._thread.is_alive()


@contextlib.contextmanager
def served(service: Service) -> Iterator[httpx.Client]:
    """A client of the service, once it is ready or failed."""
    server = Served(service)
    server.start()
    waiting = threading.Event()
    with httpx.Client(base_url=server.url, timeout=60) as client:
        for _ in range(START_SECONDS * 100):
            if type(service.state).__name__ != "Loading":
                break
            waiting.wait(0.01)
        try:
            yield client
        finally:
            server.stop()


@pytest.fixture(scope="session")
def arena_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Chroma folder that the session's knowledge base lives in."""
    return tmp_path_factory.mktemp("knowledge")


@pytest.fixture(scope="session")
def arena(arena_folder: Path) -> Iterator[KnowledgeBase]:
    """The default arena in a real Chroma store with the real embedder; not to be changed."""
    knowledge = KnowledgeBase.open(KnowledgeOptions(path=arena_folder / "chroma"))
    yield knowledge
    knowledge.close()


class Shared:
    """A knowledge base that a closing service must not close: it is the session's."""

    def __init__(self, knowledge: KnowledgeBase) -> None:
        self._knowledge = knowledge

    def __getattr__(self, name: str) -> object:
        return getattr(self._knowledge, name)

    def close(self) -> None:
        """Leave it open."""


def shared_parts(model: CommandModel, knowledge: KnowledgeBase) -> Callable[..., Parts]:
    """A loader of ready parts."""
    return lambda *_: Parts(model, Shared(knowledge))  # type: ignore[arg-type]


@pytest.fixture
def stub() -> StubModel:
    """A scripted model that records what it was asked."""
    return StubModel()


@pytest.fixture
def client(stub: StubModel, arena: KnowledgeBase) -> Iterator[httpx.Client]:
    """The service around the stub and the real arena."""
    service = Service(Settings(), load=shared_parts(stub, arena))
    with served(service) as client:
        yield client


@pytest.fixture(scope="session")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """The service as it is installed: the default weights and the default arena."""
    path = tmp_path_factory.mktemp("real") / "chroma"
    settings = Settings(knowledge=KnowledgeOptions(path=path))
    with served(Service(settings, load=load_parts)) as client:
        yield client
