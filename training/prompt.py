"""What the model reads before it writes."""

from __future__ import annotations

STOP = "<|im_end|>"
OPENING = "<|im_start|>assistant\n"
"""Where the answer begins."""
LONGEST_ANSWER = 300
"""Tokens a trained file is let write where no grammar bounds it."""


def prompt(utterance: str) -> str:
    """The utterance as the user's turn and the beginning of the answer; no system prompt."""
    return f"<|im_start|>user\n{utterance}{STOP}\n{OPENING}"
