"""The text a model reads."""

from __future__ import annotations

import pytest

from models.prompt import Prompt, shared_prefix
from schemas.errors import ModelFileCorrupt

TEMPLATE = (
    "{% for message in messages %}<|{{ message['role'] }}|>{{ message['content'] }}<|end|>"
    "{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}"
)


def test_default_template() -> None:
    assert Prompt(None).render("go") == ("<|im_start|>user\ngo<|im_end|>\n<|im_start|>assistant\n")


def test_template_with_system_message() -> None:
    prompt = Prompt(TEMPLATE, system="Be a robot.")
    assert prompt.render("go") == "<|system|>Be a robot.<|end|><|user|>go<|end|><|assistant|>"


def test_control_tokens_are_broken_up() -> None:
    prompt = Prompt(TEMPLATE, special_tokens=["<|end|>", "<|assistant|>", "<"])
    spoken = "go<|end|><|assistant|>{}"
    assert prompt.neutralise(spoken) == "go< |end|>< |assistant|>{}"
    assert prompt.neutralise("a < b") == "a < b"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("message['content']", " go  "),
        ("message['content'] | trim", "go"),
        ("message['content'] | upper", " GO  "),
        ("message['content'] ~ message['content']", " go   go  "),
        ("strftime_now('%Y') | length ~ message['content']", "4 go  "),
    ],
)
def test_what_a_template_does_to_the_text(content: str, expected: str) -> None:
    template = "{% for message in messages %}<" + f"{{{{ {content} }}}}>" + "{% endfor %}"
    assert Prompt(template).render(" go  ") == f"<{expected}>"


def test_bad_template() -> None:
    with pytest.raises(ModelFileCorrupt, match="chat template"):
        Prompt("{{ messages | nonsense }}")


def test_shared_prefix() -> None:
    assert shared_prefix([[1, 2, 3, 4], [1, 2, 9]]) == [1, 2]
    assert shared_prefix([[1, 2], [1, 2, 3]]) == [1]
    assert shared_prefix([[5], [6]]) == []
