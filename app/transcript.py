"""What a speech recogniser wrote, in the form the model was trained on. Pure."""

from __future__ import annotations

import re
import unicodedata

_ANNOTATION = re.compile(r"\[[^\]]*\]|<[^>|]*>|\((?:noise|laughs?|music|inaudible|silence)\)", re.I)
_SPACE = re.compile(r"\s+")
_QUOTED = re.compile(r"(?<!\w)'(?!(?:em|til|cause|n|tis|twas)\b)(\w(?:[^']|'(?=\w))*)'(?!\w)", re.I)
"""A passage in single quotes; apostrophes inside words are none."""

_WHOLE = re.compile(r'"[^"]*"')

_PLAIN = str.maketrans(
    {
        "\N{LEFT SINGLE QUOTATION MARK}": "'",
        "\N{RIGHT SINGLE QUOTATION MARK}": "'",
        "\N{LEFT DOUBLE QUOTATION MARK}": '"',
        "\N{RIGHT DOUBLE QUOTATION MARK}": '"',
        "\N{EN DASH}": "-",
        "\N{EM DASH}": ", ",
        "\N{HORIZONTAL ELLIPSIS}": ". ",
    }
)


def normalise(text: str) -> str:
    """Unicode NFC, double quotes, single spaces, no recogniser's ``[noise]`` marks.

    An utterance all in capitals is lowered: some recognisers shout, and the model copies words.
    """
    plain = unicodedata.normalize("NFC", text).translate(_PLAIN)
    plain = _QUOTED.sub(r'"\1"', plain)
    spoken = _SPACE.sub(" ", _ANNOTATION.sub(" ", plain)).strip(" '")
    if spoken.count('"') % 2 or _WHOLE.fullmatch(spoken):
        spoken = spoken.strip(' "')
    return spoken.lower() if spoken.isupper() else spoken
