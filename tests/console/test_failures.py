"""What the console shows while the service cannot answer."""

from __future__ import annotations

import threading

import httpx
from playwright.sync_api import expect

from app.service import Parts, Service
from app.settings import QueueSettings, ServerSettings, Settings
from knowledge_base import KnowledgeBase
from models.stub import StubModel
from schemas.errors import ModelFileMissing, ModelUnavailable
from tests.conftest import Served, served, shared_parts
from tests.console.conftest import Visit, accessible, say, shoot

FETCH = "bring me a coke from the fridge"


def test_loading_is_told_and_the_page_goes_on_by_itself(arena: KnowledgeBase, visit: Visit) -> None:
    release = threading.Event()

    def load(_: Settings, progress: object) -> Parts:
        progress("loading the llama_cpp model")  # type: ignore[operator]
        release.wait(60)
        return shared_parts(StubModel(), arena)()

    server = Served(Service(Settings(), load=load))
    server.start()
    with httpx.Client(base_url=server.url) as client:
        page = visit(client, failing=True)
        expect(page.locator("#banner")).to_contain_text("loading the llama_cpp model")
        expect(page.locator("#send")).to_be_disabled()
        shoot(page, "loading")
        accessible(page)
        release.set()
        expect(page.locator("#banner")).to_be_hidden()
        say(page, "go to the office")
        expect(page.locator(".command-line")).to_have_count(1)
    server.stop()


def test_a_failed_start_says_what_to_do(visit: Visit) -> None:
    def load(*_: object) -> Parts:
        raise ModelFileMissing("no file at nowhere.gguf")

    with served(Service(Settings(), load=load)) as client:
        page = visit(client, failing=True)
        expect(page.locator("#banner")).to_contain_text("nowhere.gguf")
        expect(page.locator("#banner")).to_contain_text("MODEL__PATH")
        expect(page.locator("#state")).to_have_attribute("data-state", "failed")
        shoot(page, "failed")
        accessible(page)


def test_a_service_that_went_away_is_told(arena: KnowledgeBase, visit: Visit) -> None:
    server = Served(Service(Settings(), load=shared_parts(StubModel(), arena)))
    server.start()
    with httpx.Client(base_url=server.url) as client:
        page = visit(client, failing=True)
        say(page, "go to the office")
        server.stop()
        page.fill("#utterance", FETCH)
        page.press("#utterance", "Enter")
        expect(page.locator(".turn .fault")).to_contain_text("does not answer")
        shoot(page, "gone")
        expect(page.locator("#banner")).to_contain_text("does not answer")
        expect(page.locator("#send")).to_be_disabled()
        accessible(page)
        again = Served(
            Service(Settings(), load=shared_parts(StubModel(), arena)), client.base_url.port or 0
        )
        again.start()
        expect(page.locator("#state")).to_have_attribute("data-state", "ready")
        page.locator(".turn:first-child").get_by_role("button", name="Try again").click()
        expect(page.locator(".turn:first-child .command-line")).to_have_count(4)
        again.stop()


def test_what_cannot_be_saved_is_kept_and_told(arena: KnowledgeBase, visit: Visit) -> None:
    server = Served(Service(Settings(), load=shared_parts(StubModel(), arena)))
    server.start()
    with httpx.Client(base_url=server.url) as client:
        page = visit(client, "/#/knowledge/people", failing=True)
        page.get_by_role("button", name="Change Charlie").click()
        page.get_by_label("Other words").fill("chuck")
        server.stop()
        page.get_by_role("button", name="Save").click()
        expect(page.locator("#editor .fault")).to_contain_text("does not answer")
        expect(page.get_by_label("Other words")).to_have_value("chuck")
        shoot(page, "save-gone")


def test_a_stream_cut_in_the_middle_is_told_and_tried_again(
    arena: KnowledgeBase, visit: Visit
) -> None:
    begun = 'event: command\ndata: {"index":0,"command":{"action":"give_object"}}\n\nevent: comm'
    with served(Service(Settings(), load=shared_parts(StubModel(), arena))) as client:
        page = visit(client, failing=True)
        expect(page.locator("#send")).to_be_enabled()
        page.route(
            "**/v1/interpret/stream",
            lambda route: route.fulfill(body=begun, content_type="text/event-stream"),
        )
        say(page, FETCH)
        expect(page.locator(".turn .fault")).to_contain_text("broke off")
        expect(page.locator(".command-line")).to_have_count(1)
        shoot(page, "cut")
        accessible(page)
        page.unroute("**/v1/interpret/stream")
        page.get_by_role("button", name="Try again").click()
        expect(page.locator(".turn:first-child .command-line")).to_have_count(4)


def test_a_full_queue_and_a_broken_model_can_be_tried_again(
    arena: KnowledgeBase, visit: Visit
) -> None:
    stub = StubModel(delay=3)
    settings = Settings(queue=QueueSettings(size=0))
    with served(Service(settings, load=shared_parts(stub, arena))) as client:
        page = visit(client, failing=True)
        expect(page.locator("#send")).to_be_enabled()
        urls = f"{client.base_url}/v1/interpret"
        busy = [
            threading.Thread(target=lambda: httpx.post(urls, json={"text": FETCH}, timeout=60))
            for _ in range(stub.slots)
        ]
        for thread in busy:
            thread.start()
        while len(stub.history) < stub.slots:
            page.wait_for_timeout(20)
        say(page, "go to the office")
        expect(page.locator(".turn:first-child .fault")).to_contain_text("queue_full")
        shoot(page, "queue-full")
        stub.delay = 0
        for thread in busy:
            thread.join()
        stub.enqueue(ModelUnavailable("the model was closed"))
        page.locator(".turn:first-child").get_by_role("button", name="Try again").click()
        expect(page.locator(".turn:first-child .fault")).to_contain_text("model was closed")
        accessible(page)
        page.locator(".turn:first-child").get_by_role("button", name="Try again").click()
        expect(page.locator(".turn:first-child .command-line")).to_have_count(1)


def test_a_key_is_asked_for_where_the_service_has_one(arena: KnowledgeBase, visit: Visit) -> None:
    settings = Settings(server=ServerSettings(api_key="correct-horse"))  # type: ignore[arg-type]
    with served(Service(settings, load=shared_parts(StubModel(), arena))) as client:
        page = visit(client, failing=True)
        expect(page.locator("#key .fault")).to_have_count(0)
        accessible(page)
        page.get_by_label("Key", exact=True).fill("a wrong one")
        page.get_by_role("button", name="Use key").click()
        expect(page.locator("#key .fault")).to_contain_text("The key is wrong")
        shoot(page, "key")
        accessible(page)
        page.get_by_label("Key", exact=True).fill("correct-horse")
        page.get_by_role("button", name="Use key").click()
        expect(page.locator("#map svg")).to_be_visible()
        say(page, "go to the office")
        expect(page.locator(".command-line")).to_have_count(1)
