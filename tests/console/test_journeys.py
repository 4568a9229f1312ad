"""What people do with the console, in a real browser."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import expect

from app.service import Service
from app.settings import Settings
from knowledge_base import KnowledgeBase
from models.base import Decoded, Listener
from models.stub import StubModel
from schemas.commands import RobotCommand
from tests.conftest import served, shared_parts
from tests.console.conftest import Visit, accessible, say, shoot

FETCH = "bring me a coke from the fridge"
EXAMPLES = json.loads((Path(__file__).parents[2] / "app" / "console" / "examples.json").read_text())


def test_a_plan_from_the_real_model_with_map_and_history(real: httpx.Client, visit: Visit) -> None:
    page = visit(real)
    expect(page.locator("#state")).to_have_text("Ready · default")
    say(page, FETCH)
    lines = page.locator(".turn:first-child .command-line")
    expect(lines).to_have_count(4)
    slot = lines.first.locator(".slot")
    for shown in ("fridge", "refrigerator", "in the kitchen", "known", "%", "alias"):
        expect(slot).to_contain_text(shown)
    expect(page.locator("#map .stop")).to_have_text("1refrigerator")
    expect(page.locator("#map svg")).to_have_attribute(
        "aria-label", "Map of the arena with the route 1: refrigerator"
    )
    say(page, "guide charlie from the sofa to the kitchen")
    expect(page.locator("#map .route")).to_have_count(1)
    expect(page.locator("#map svg")).to_have_attribute(
        "aria-label", "Map of the arena with the route 1: sofa, 3: kitchen"
    )
    expect(page.locator("#history li")).to_have_count(2)
    expect(page.locator("#spark figcaption")).to_contain_text("median")
    expect(page.locator(".turn:first-child .timings")).to_contain_text("first command seen")
    shoot(page, "interpret")


def test_where_a_thing_usually_is_is_told_as_that(real: httpx.Client, visit: Visit) -> None:
    page = visit(real)
    say(page, "bring me a coke")
    slot = page.locator(".turn:first-child .slot").first
    expect(slot).to_contain_text("usually at the")
    say(page, FETCH)
    expect(page.locator(".turn:first-child .command-line")).to_have_count(4)
    expect(page.locator(".turn:first-child")).not_to_contain_text("usually at the")


def test_the_offered_examples_are_within_the_robots_reach(real: httpx.Client) -> None:
    answers = real.post("/v1/interpret/batch", json={"texts": EXAMPLES}).json()
    outcomes = [answer["outcome"] for answer in answers["interpretations"]]
    assert "unsupported" not in outcomes[:-2]
    assert outcomes[-2:] == ["unsupported", "unsupported"]


class Stepwise(StubModel):
    """Goes on after each command only when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.step = threading.Semaphore(0)

    def plan(
        self, text: str, *, on_command: Listener, cancelled: Callable[[], bool] = lambda: False
    ) -> Decoded:
        def pass_on(command: RobotCommand) -> None:
            on_command(command)
            assert self.step.acquire(timeout=60)

        return super().plan(text, on_command=pass_on, cancelled=cancelled)


def test_commands_appear_one_by_one_while_they_are_decoded(
    arena: KnowledgeBase, visit: Visit
) -> None:
    model = Stepwise()
    with served(Service(Settings(), load=shared_parts(model, arena))) as client:
        page = visit(client)
        expect(page.locator("#send")).to_be_enabled()
        page.fill("#utterance", FETCH)
        page.press("#utterance", "Enter")
        for count in (1, 2, 3, 4):
            expect(page.locator(".turn.waiting .command-line")).to_have_count(count)
            model.step.release()
        expect(page.locator(".turn:not(.waiting) .command-line")).to_have_count(4)
        page.close()


def test_escape_stops_an_answer(own: httpx.Client, stub: StubModel, visit: Visit) -> None:
    page = visit(own)
    expect(page.locator("#send")).to_be_enabled()
    stub.delay = 2
    page.fill("#utterance", FETCH)
    page.press("#utterance", "Enter")
    page.locator(".turn.waiting").wait_for()
    page.press("#utterance", "Escape")
    expect(page.locator(".turn .end")).to_contain_text("Stopped")


def test_a_question_is_answered_with_a_button(still: httpx.Client, visit: Visit) -> None:
    page = visit(still)
    say(page, "bring me the cola from the table")
    question = page.locator(".turn:first-child .question")
    expect(question).to_contain_text("Do you mean")
    assert page.locator("#map .stop.maybe").count() >= 2
    plan = page.locator(".turn:first-child .plan")
    assert question.bounding_box()["y"] < plan.bounding_box()["y"]  # type: ignore[index]
    shoot(page, "question")
    accessible(page)
    question.get_by_role("button", name="kitchen table").click()
    plan = page.locator(".turn:first-child[data-outcome=interpreted]")
    expect(plan).to_contain_text("kitchen table")
    expect(page.locator("#map .stop:not(.maybe)")).to_have_count(1)
    earlier = page.locator(".turn").nth(1)
    expect(earlier.locator(".brief")).to_have_text("asked back")
    expect(earlier.locator(".plan")).to_be_hidden()
    earlier.locator("summary").first.click()
    expect(earlier.locator(".plan")).to_be_visible()


def test_a_category_and_a_refusal_are_shown_as_what_they_are(
    still: httpx.Client, visit: Visit
) -> None:
    page = visit(still)
    say(page, "bring me a fruit from the kitchen table")
    category = page.locator(".turn:first-child .slot[data-status=category]")
    expect(category).to_contain_text("any of its kind")
    expect(category.locator(".chip").first).to_be_visible()
    say(page, "sing a song")
    expect(page.locator(".turn:first-child .refusal")).to_contain_text("The robot declines")
    shoot(page, "refusal")
    accessible(page)


def test_an_example_is_asked_with_one_click(still: httpx.Client, visit: Visit) -> None:
    page = visit(still)
    expect(page.locator("#state")).to_have_attribute("data-state", "ready")
    page.locator("#try").get_by_role("button", name=EXAMPLES[0]).click()
    expect(page.locator(".turn .said").first).to_have_text(EXAMPLES[0])


def test_all_is_reached_from_the_keyboard(still: httpx.Client, visit: Visit) -> None:
    page = visit(still)
    expect(page.locator("#utterance")).to_be_focused()
    say(page, "go to the office")
    page.keyboard.press("ArrowUp")
    expect(page.locator("#utterance")).to_have_value("go to the office")
    page.keyboard.press("Escape")
    page.keyboard.press("k")
    expect(page.locator("#page-knowledge")).to_be_visible()
    page.keyboard.press("c")
    expect(page.locator("#page-commands")).to_be_visible()
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    accessible(page)
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    expect(page.locator("#utterance")).to_be_focused()


def test_the_focus_goes_from_the_skip_link_through_the_page(
    still: httpx.Client, visit: Visit
) -> None:
    page = visit(still, "/#/knowledge/rooms")
    page.locator("#entries li").first.wait_for()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    expect(page.locator("#page-knowledge")).to_be_visible()
    order = []
    for _ in range(5):
        page.keyboard.press("Tab")
        order.append(page.evaluate("document.activeElement.id || document.activeElement.innerText"))
    assert order == ["export", "import", "add", "rooms 5", "placements 25"]


HEARING = """
window.SpeechRecognition = window.webkitSpeechRecognition = class {
  start() { window.recognition = this; }
  stop() { this.onend(); }
};
"""


def test_what_is_dictated_is_asked_and_a_failure_told(still: httpx.Client, visit: Visit) -> None:
    page = visit(still)
    page.add_init_script(HEARING)
    page.reload()
    expect(page.locator("#send")).to_be_enabled()
    dictate = page.get_by_role("button", name="Dictate")
    dictate.click()
    expect(dictate).to_have_attribute("aria-pressed", "true")
    page.evaluate(
        "recognition.onresult({ results: [Object.assign([{ transcript: 'go to the office' }],"
        " { isFinal: true })] }), recognition.onend()"
    )
    expect(page.locator(".turn .said")).to_have_text("go to the office")
    expect(dictate).to_have_attribute("aria-pressed", "false")
    dictate.click()
    page.evaluate("recognition.onerror({ error: 'not-allowed' })")
    expect(page.locator("#heard")).to_contain_text("microphone")
    shoot(page, "dictation-refused")


def test_the_command_set_is_explained_from_its_schema(still: httpx.Client, visit: Visit) -> None:
    page = visit(still, "/#/commands")
    schema = still.get("/v1/commands").json()
    expect(page.locator("article.command")).to_have_count(len(schema["discriminator"]["mapping"]))
    expect(page.locator("article", has_text="follow person until")).to_contain_text("canceled")
    tags = [name.split("/")[-1] for name in (one["$ref"] for one in schema["oneOf"])]
    first = schema["$defs"][tags[0]]["properties"]["action"]["const"]
    expect(page.locator("article.command").first).to_contain_text(first.replace("_", " "))
    shoot(page, "commands", full_page=True)
    accessible(page)


def test_an_entry_is_added_found_changed_understood_and_deleted(
    own: httpx.Client, visit: Visit
) -> None:
    page = visit(own, "/#/knowledge/placements")
    page.locator("#entries li").first.wait_for()
    page.get_by_role("button", name="Add entry").click()
    page.locator("#editor").get_by_label("Name").fill("piano")
    page.get_by_label("Other words").fill("grand piano\nkeys")
    page.get_by_label("Room").fill("living room")
    page.get_by_label("Pose").fill("2 3 0 0 0 0")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#editor .fault")).to_contain_text("7 numbers")
    page.get_by_label("Pose").fill("2 3 0 0 0 0 1")
    shoot(page, "editor")
    accessible(page)
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#told")).to_contain_text("Saved piano")
    page.fill("#search", "grand piano")
    found = page.get_by_role("button", name="Change piano")
    expect(found).to_be_visible()
    answer = own.post("/v1/interpret", json={"text": "go to the grand piano"}).json()
    assert answer["commands"][0]["location_to_go"] == "piano"
    found.click()
    page.get_by_label("Other words").fill("upright")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#editor")).to_be_hidden()
    assert own.get("/v1/knowledge/placements/piano").json()["aliases"] == ["upright"]
    page.get_by_role("button", name="Change piano").click()
    page.get_by_role("button", name="Delete…").click()
    expect(page.locator("#confirm").get_by_role("button", name="Keep it")).to_be_focused()
    accessible(page)
    page.locator("#confirm").get_by_role("button", name="Delete").click()
    expect(page.locator("#told")).to_contain_text("Deleted piano")
    assert own.get("/v1/knowledge/placements/piano").status_code == 404


def test_a_search_finds_by_letters_and_by_meaning_or_says_there_is_nothing(
    still: httpx.Client, visit: Visit
) -> None:
    page = visit(still, "/#/knowledge/objects")
    page.locator("#entries li").first.wait_for()
    page.fill("#search", "lem")
    expect(page.locator("#entries .name")).to_contain_text(["lemon"])
    page.fill("#search", "kola")
    expect(page.locator("#entries .name").first).to_have_text("cola")
    page.fill("#search", "zzqx")
    expect(page.locator("#entries")).to_contain_text("Nothing by that name or meaning")
    shoot(page, "nothing-found")


def test_a_change_by_somebody_else_is_not_overwritten(own: httpx.Client, visit: Visit) -> None:
    page = visit(own, "/#/knowledge/people", failing=True)
    page.get_by_role("button", name="Change Charlie").click()
    theirs = {"name": "Charlie", "aliases": ["chuck"]}
    assert own.put("/v1/knowledge/people/charlie", json=theirs).is_success
    page.get_by_label("Other words").fill("charly")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#editor")).to_contain_text("Somebody changed this entry")
    expect(page.locator("#editor")).to_contain_text("chuck")
    shoot(page, "conflict")
    accessible(page)
    page.get_by_role("button", name="Save mine anyway").click()
    expect(page.locator("#told")).to_contain_text("Saved Charlie")
    assert own.get("/v1/knowledge/people/charlie").json()["aliases"] == ["charly"]


DROP = """([text, name]) => {
  const data = new DataTransfer();
  data.items.add(new File([text], name, { type: "application/yaml" }));
  for (const kind of ["dragenter", "dragover", "drop"]) {
    const options = { dataTransfer: data, bubbles: true, cancelable: true };
    document.querySelector("#drop").dispatchEvent(new DragEvent(kind, options));
  }
}"""


def test_a_dropped_file_is_imported_or_refused(own: httpx.Client, visit: Visit) -> None:
    page = visit(own, "/#/knowledge/people", failing=True)
    page.locator("#entries li").first.wait_for()
    page.evaluate(DROP, ["people: [{name: Wilhelmina}]", "team.yaml"])
    expect(page.locator("#told")).to_contain_text("1 added")
    expect(page.get_by_role("button", name="Change Wilhelmina")).to_be_visible()
    page.evaluate(DROP, ["placements: [{name: plinth, room: atrium}]", "team.yaml"])
    expect(page.locator("#told .warning")).to_contain_text("there is no room 'atrium'")
    accessible(page)
    page.evaluate(DROP, ["[not, an, arena]", "team.yaml"])
    expect(page.locator("#told .fault")).to_contain_text("import_rejected")
    expect(page.locator("#told .fault")).to_contain_text("docs/your-own-arena.md")
    shoot(page, "import-refused")
    accessible(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="Export").click()
    assert "Wilhelmina" in Path(download.value.path()).read_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["/", "/#/knowledge/placements", "/#/commands"])
def test_every_page_is_accessible_in_light_and_dark(
    still: httpx.Client, visit: Visit, path: str, scheme: str
) -> None:
    page = visit(still, path, color_scheme=scheme)
    expect(page.locator("#state")).to_have_attribute("data-state", "ready")
    if path == "/":
        say(page, FETCH)
    page.wait_for_load_state("networkidle")
    shoot(page, f"{scheme}-{path.strip('/#').replace('/', '-') or 'interpret'}")
    accessible(page)


@pytest.mark.parametrize(
    ("name", "width", "height"), [("phone", 390, 844), ("tablet", 820, 1180), ("wall", 3840, 2160)]
)
def test_it_fits_from_phone_to_wall(
    still: httpx.Client, visit: Visit, name: str, width: int, height: int
) -> None:
    page = visit(still, viewport={"width": width, "height": height})
    say(page, "bring me a fruit from the kitchen table")
    for path in ("#/interpret", "#/knowledge/objects", "#/commands"):
        page.evaluate("(hash) => { location.hash = hash; }", path)
        page.wait_for_load_state("networkidle")
        overflow = page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert overflow <= 0, path
        if name == "phone":  # its rules hide and move things; wider pages share theirs
            accessible(page)
    page.evaluate("location.hash = '#/interpret'")
    shoot(page, name)


def test_the_theme_is_switched_and_remembered(still: httpx.Client, visit: Visit) -> None:
    page = visit(still, color_scheme="light")
    before = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    page.get_by_role("button", name="Switch between light and dark").click()
    after = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    assert before != after
    page.reload()
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == after


@pytest.mark.parametrize("path", ["/", "/#/knowledge", "/#/commands"])
def test_the_first_paint_comes_within_a_second(
    still: httpx.Client, visit: Visit, path: str
) -> None:
    page = visit(still, path)
    expect(page.locator("#state")).to_have_attribute("data-state", "ready")
    paint = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    assert paint < 1000


def test_the_api_is_documented_without_a_network(still: httpx.Client, visit: Visit) -> None:
    page = visit(still, "/docs", ours=False)
    expect(page.locator("#operations-interpret-interpret_v1_interpret_post")).to_be_visible()
    shoot(page, "docs")


def test_the_page_may_load_nothing_from_elsewhere(still: httpx.Client) -> None:
    policy = still.get("/").headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert "http" not in policy
    for name in ("../settings.py", "..%2f..%2fsettings.py", "nothing.js"):
        assert still.get(f"/console/{name}").status_code == 404
