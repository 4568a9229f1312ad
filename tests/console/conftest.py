"""A real browser, and pages that fail a test on any console error or foreign request."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

from app.service import Service
from app.settings import Settings
from knowledge_base import KnowledgeBase
from knowledge_base.options import KnowledgeOptions
from models.stub import StubModel
from tests.conftest import served, shared_parts

SCREENSHOTS = Path(__file__).parents[2] / "screenshots"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()
AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]

# Without motion nothing is half transparent, and no test waits for what is on its way in.
PROFILE = {"viewport": {"width": 1280, "height": 900}, "reduced_motion": "reduce"}

Visit = Callable[..., Page]

# Tests share two cores with what they test.
expect.set_options(timeout=60_000)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium. By module: while it runs, asyncio tests of other modules cannot."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        told = "no browser: apt-get install chromium"
        pytest.fail(told) if os.environ.get("CI") else pytest.skip(told)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def visit(browser: Browser) -> Iterator[Visit]:
    """Opens pages, each in a fresh profile; at the end none may have complained.

    How a test leaves its pages is a state to be accessible in, too.

    ``failing``: the service is made to refuse something, which the browser reports by itself.
    ``ours``: whether the page is written here; another's is not held to axe.
    """
    with contextlib.ExitStack() as opened:
        complaints: list[str] = []
        pages: list[Page] = []

        def open_page(
            client: httpx.Client,
            path: str = "/",
            *,
            failing: bool = False,
            ours: bool = True,
            **context: Any,
        ) -> Page:
            profile = browser.new_context(**(PROFILE | context))
            opened.callback(profile.close)
            profile.set_default_timeout(60_000)
            page = profile.new_page()
            if ours:
                pages.append(page)
            home = client.base_url.netloc.decode()

            def said(kind: str, text: str) -> None:
                if kind in ("error", "warning") and not (
                    failing and text.startswith("Failed to load resource")
                ):
                    complaints.append(f"{kind}: {text}")

            page.on("console", lambda message: said(message.type, message.text))
            page.on("pageerror", lambda error: complaints.append(f"uncaught: {error}"))
            page.on(
                "request",
                lambda request: (
                    urlsplit(request.url).netloc in (home, "")
                    or complaints.append(f"foreign request: {request.url}")
                ),
            )
            page.goto(f"{client.base_url}{path}")
            return page

        yield open_page
        for page in pages:
            if not page.is_closed():
                accessible(page)
        assert complaints == []


@pytest.fixture
def own(tmp_path: Path, stub: StubModel) -> Iterator[httpx.Client]:
    """A service with a knowledge base that a test may change."""
    knowledge = KnowledgeBase.open(KnowledgeOptions(path=tmp_path / "chroma"))
    with served(Service(Settings(), load=shared_parts(stub, knowledge))) as client:
        yield client
    knowledge.close()


@pytest.fixture(scope="module")
def still(arena: KnowledgeBase) -> Iterator[httpx.Client]:
    """A service whose knowledge no test of the module changes."""
    with served(Service(Settings(), load=shared_parts(StubModel(), arena))) as client:
        yield client


def say(page: Page, text: str) -> None:
    """Type an utterance and wait for its whole answer."""
    page.fill("#utterance", text)
    page.press("#utterance", "Enter")
    page.wait_for_selector(".turn:first-child:not(.waiting)")


def shoot(page: Page, name: str, **options: Any) -> None:
    """A picture for a reviewer to look at."""
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png", **options)


def accessible(page: Page) -> None:
    """No violation of WCAG 2.1 AA that axe can see."""
    found = Axe().run(page, options={"runOnly": {"type": "tag", "values": AXE_TAGS}})
    told = [
        f"{one['id']}: {node['html'][:160]} {node['failureSummary']}"
        for one in found.response["violations"]
        for node in one["nodes"]
    ]
    assert not told, "\n".join(told)
