"""The ROS 2 node: its logic on the real service, its ROS calls on a fake of the few it makes."""

from __future__ import annotations

import ast
import importlib
import json
import sys
import types
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from models.stub import StubModel
from schemas.errors import ModelUnavailable
from tests.clients.test_python_client import Reluctant

FETCH = "bring me a coke from the fridge"
ROS2 = Path(__file__).parents[2] / "clients" / "ros2"
PACKAGE = ROS2 / "command_interpreter_ros"


def fields(definition: str) -> list[set[str]]:
    """Field names of each part of a .srv or .action file."""
    return [
        {line.split()[1] for line in part.splitlines() if line and not line.startswith("#")}
        for part in definition.split("---\n")
    ]


def message(names: set[str]) -> type:
    """A class that, as rosidl's, takes its own fields by keyword and no others."""

    def init(self: Any, **given: Any) -> None:
        assert given.keys() <= names, given.keys() - names
        for name in names:
            setattr(self, name, given.get(name, ""))

    return type("Message", (), {"__init__": init, "__slots__": tuple(names)})


class FakeNode:
    """The calls of rclpy.node.Node that the node makes, with rclpy's argument order."""

    parameters: dict[str, Any] = {}  # noqa: RUF012

    def __init__(self, name: str) -> None:
        self.name, self.said = name, []
        self.services: dict[str, Any] = {}
        self.subscriptions: dict[str, Any] = {}
        self.published: list[Any] = []

    def declare_parameter(self, name: str, default: Any) -> SimpleNamespace:
        value = self.parameters.get(name, default)
        assert type(value) is type(default)
        return SimpleNamespace(value=value)

    def create_publisher(self, kind: type, topic: str, qos: int) -> SimpleNamespace:
        def publish(sent: Any) -> None:
            assert isinstance(sent, kind)
            self.published.append((topic, sent.data))

        return SimpleNamespace(publish=publish)

    def create_subscription(
        self, kind: type, topic: str, callback: Any, qos: int, *, callback_group: Any = None
    ) -> None:
        self.subscriptions[topic] = callback

    def create_service(
        self, kind: Any, name: str, callback: Any, *, callback_group: Any = None
    ) -> None:
        self.services[name] = callback

    def get_logger(self) -> SimpleNamespace:
        return SimpleNamespace(info=self.said.append, error=self.said.append)

    def destroy_node(self) -> None:
        pass


class FakeActionServer:
    def __init__(
        self, node: FakeNode, kind: Any, name: str, execute_callback: Any, *,
        callback_group: Any = None, cancel_callback: Any = None,
    ) -> None:  # fmt: skip
        node.action = execute_callback  # type: ignore[attr-defined]

    def destroy(self) -> None:
        pass


class Goal:
    """A goal handle: ends exactly once."""

    def __init__(self, text: str, session_id: str = "", cancel_after: int = 99) -> None:
        self.request = SimpleNamespace(text=text, session_id=session_id)
        self.feedback: list[Any] = []
        self.ended: list[str] = []
        self._cancel_after = cancel_after

    @property
    def is_cancel_requested(self) -> bool:
        return len(self.feedback) >= self._cancel_after

    def publish_feedback(self, feedback: Any) -> None:
        self.feedback.append(feedback)

    def succeed(self) -> None:
        self.ended.append("succeeded")

    def abort(self) -> None:
        self.ended.append("aborted")

    def canceled(self) -> None:
        self.ended.append("canceled")


@pytest.fixture
def ros(monkeypatch: pytest.MonkeyPatch) -> Iterator[types.ModuleType]:
    """The node's module with the fake in rclpy's place."""
    interfaces = ROS2 / "command_interpreter_interfaces"
    asked, answered = fields((interfaces / "srv" / "CommandInterpreter.srv").read_text())
    goal, result, feedback = fields((interfaces / "action" / "Interpret.action").read_text())
    modules: dict[str, dict[str, Any]] = {
        "rclpy": {},
        "rclpy.action": {
            "ActionServer": FakeActionServer, "CancelResponse": SimpleNamespace(ACCEPT=2),
        },
        "rclpy.callback_groups": {"ReentrantCallbackGroup": object},
        "rclpy.executors": {"MultiThreadedExecutor": object},
        "rclpy.node": {"Node": FakeNode},
        "std_msgs": {},
        "std_msgs.msg": {"String": message({"data"})},
        "command_interpreter_interfaces": {},
        "command_interpreter_interfaces.srv": {
            "CommandInterpreter": SimpleNamespace(
                Request=message(asked), Response=message(answered)
            )
        },
        "command_interpreter_interfaces.action": {
            "Interpret": SimpleNamespace(
                Goal=message(goal), Result=message(result), Feedback=message(feedback)
            )
        },
    }  # fmt: skip
    for name, content in modules.items():
        module = types.ModuleType(name)
        module.__dict__.update(content)
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.syspath_prepend(str(PACKAGE))
    for name in ("command_interpreter_ros.node", "command_interpreter_ros.bridge"):
        sys.modules.pop(name, None)
    yield importlib.import_module("command_interpreter_ros.node")
    for name in [name for name in sys.modules if name.startswith("command_interpreter_ros")]:
        del sys.modules[name]


@pytest.fixture
def node(ros: Any, client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setattr(FakeNode, "parameters", {"url": str(client.base_url)})
    node = ros.CommandInterpreterNode()
    yield node
    node.destroy_node()


def asked(node: Any, ros: Any, text: str) -> str:
    kind = ros.CommandInterpreter
    response = node.services["~/parse"](kind.Request(text=text), kind.Response())
    answer: str = response.unparsed_response
    return answer


def test_the_service_answers_the_plan_of_interpret(
    node: Any, ros: Any, client: httpx.Client
) -> None:
    plain = client.post("/v1/interpret", json={"text": FETCH, "ground": False}).json()
    assert json.loads(asked(node, ros, FETCH)) == {"commands": plain["commands"]}
    assert asked(node, ros, "sing") == '{"commands":[]}'


def test_the_service_answers_an_empty_plan_and_logs_where_it_cannot(
    node: Any, ros: Any, stub: StubModel
) -> None:
    stub.enqueue(ModelUnavailable("gone"))
    assert asked(node, ros, FETCH) == '{"commands":[]}'
    assert "gone" in node.said[-1]
    assert asked(node, ros, "") == '{"commands":[]}'
    assert "invalid_request" in node.said[-1]


def test_the_topic_carries_a_conversation(node: Any) -> None:
    hear = node.subscriptions["~/transcripts"]
    hear(SimpleNamespace(data="bring me the cola from the table"))
    hear(SimpleNamespace(data="the kitchen table"))
    (topic, first), (_, second) = node.published
    assert topic == "~/plans"
    assert [json.loads(answer)["outcome"] for answer in (first, second)] == [
        "clarify",
        "interpreted",
    ]


def test_the_action_streams_commands_as_feedback(node: Any) -> None:
    goal = Goal(FETCH)
    result = node.action(goal)
    assert [feedback.index for feedback in goal.feedback] == [0, 1, 2, 3]
    assert json.loads(goal.feedback[0].command)["location_to_go"] == "refrigerator"
    assert (result.outcome, goal.ended) == ("interpreted", ["succeeded"])
    assert len(json.loads(result.interpretation)["commands"]) == 4


def test_the_action_asks_back_fails_and_is_canceled(node: Any, stub: StubModel) -> None:
    asked_back = node.action(Goal("bring me the cola from the table", "s"))
    assert asked_back.outcome == "clarify"
    assert "Do you mean" in asked_back.message
    stub.enqueue(ModelUnavailable("gone"))
    failing = Goal(FETCH)
    assert "gone" in node.action(failing).message
    assert failing.ended == ["aborted"]
    stub.delay = 0.1
    leaving = Goal(FETCH, cancel_after=1)
    node.action(leaving)
    assert leaving.ended == ["canceled"]
    assert len(leaving.feedback) < 4


def test_a_service_out_of_reach_is_told(ros: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakeNode, "parameters", {"url": "http://127.0.0.1:9"})
    node = ros.CommandInterpreterNode()
    assert asked(node, ros, FETCH) == '{"commands":[]}'
    assert "no answer from http://127.0.0.1:9" in node.said[-1]
    node.destroy_node()


def test_an_answer_that_breaks_off_is_told(ros: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = b'event: command\ndata: {"index":0,"command":{"action":"give_object"}}\n\n'
    server = Reluctant([], begun)
    monkeypatch.setattr(FakeNode, "parameters", {"url": server.url})
    node = ros.CommandInterpreterNode()
    assert asked(node, ros, FETCH) == '{"commands":[]}'
    assert "broke off" in node.said[-1]
    goal = Goal(FETCH)
    assert node.action(goal).outcome == "error"
    assert (len(goal.feedback), goal.ended) == (1, ["aborted"])
    node.destroy_node()
    server.stop()


def test_the_packages_name_what_they_hold() -> None:
    for folder in (PACKAGE, ROS2 / "command_interpreter_interfaces"):
        manifest = ET.parse(folder / "package.xml").getroot()
        assert manifest.findtext("name") == folder.name
    assert (PACKAGE / "resource" / PACKAGE.name).is_file()
    launch = ast.parse((PACKAGE / "launch" / "command_interpreter.launch.py").read_text())
    declared = next(
        ast.literal_eval(node.value)
        for node in launch.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict)
    )
    source = (PACKAGE / PACKAGE.name / "node.py").read_text()
    assert all(f'declare_parameter("{name}"' in source for name in declared)
