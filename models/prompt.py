"""The text a model reads: its chat template around one utterance."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from llama_cpp.llama_chat_format import Jinja2ChatFormatter

from schemas.errors import ModelFileCorrupt

CHATML = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
"""For a GGUF file that brings no template."""


_PROBE = "\t \n<Go> to 'the' {{ \"bücher\" }}, please.\n\n "
"""A text that comes through a template unchanged only if the template changes no text."""

_MOMENT = "strftime_now"
"""What a template calls for the time, which is another at every rendering."""


class Prompt:
    """Renders utterances by a chat template.

    Args:
        template: Jinja, as in a GGUF file's ``tokenizer.chat_template``.
        system: the system message, if the model wants one.
        special_tokens: texts the tokenizer reads as control tokens; neutralised in utterances.

    Raises:
        ModelFileCorrupt: the template does not render.
    """

    def __init__(
        self,
        template: str | None,
        *,
        system: str | None = None,
        bos_token: str = "",
        eos_token: str = "",
        special_tokens: Iterable[str] = (),
    ) -> None:
        self._system = system
        texts = sorted({t for t in special_tokens if len(t) > 1}, key=len, reverse=True)
        self._special = re.compile("|".join(map(re.escape, texts))) if texts else None
        try:
            self._formatter = Jinja2ChatFormatter(
                template=template or CHATML, bos_token=bos_token, eos_token=eos_token
            )
            frame = self._around()
        except Exception as error:
            raise ModelFileCorrupt(
                f"the chat template does not render: {error}",
                hint="Set MODEL__CHAT_TEMPLATE to a Jinja template that takes 'messages'.",
            ) from error
        self._frame = None if _MOMENT in (template or "") else frame

    def render(self, utterance: str) -> str:
        """The prompt, up to where the model's answer starts."""
        said = self.neutralise(utterance)
        if self._frame is None:
            return self._formatted(said)
        return said.join(self._frame)

    def _around(self) -> tuple[str, str] | None:
        """What stands before and after an utterance, whatever it is; None: that depends on it."""
        before, found, after = self._formatted(_PROBE).partition(_PROBE)
        return (before, after) if found and _PROBE not in after else None

    def _formatted(self, content: str) -> str:
        messages: list[Any] = [{"role": "user", "content": content}]
        if self._system:
            messages.insert(0, {"role": "system", "content": self._system})
        text: str = self._formatter(messages=messages).prompt
        return text

    def neutralise(self, utterance: str) -> str:
        """The utterance with control tokens broken up, so that nobody speaks as the system."""
        if self._special is None:
            return utterance
        while (safe := self._special.sub(_broken, utterance)) != utterance:
            utterance = safe
        return utterance


def _broken(match: re.Match[str]) -> str:
    text = match.group()
    return f"{text[0]} {text[1:]}"


def shared_prefix(prompts: list[list[int]]) -> list[int]:
    """The tokens all the tokenized prompts start with: what stays in the KV cache."""
    shortest = min(prompts, key=len)
    for index, token in enumerate(shortest):
        if any(prompt[index] != token for prompt in prompts):
            return shortest[:index]
    return shortest[:-1]
