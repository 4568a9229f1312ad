"""One answer being decoded: what of it is certain, what is guessed, what to evaluate next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from models.automaton import Allowed, Automaton, Edge, Node
from models.context import Context, Logits
from models.copying import Copying
from schemas.errors import ModelAnswerInvalid
from schemas.plan import too_much


class Drafter(Protocol):
    """Guesses how an answer goes on."""

    def tokens(self, written: str, answer: list[int]) -> list[int]:
        """Tokens likely to follow those of the answer so far; wrong ones only cost time."""


@dataclass(slots=True)
class _Stake:
    """A choice that the next evaluation decides."""

    length: int
    """Tokens before it."""
    node: Node
    edge: Edge | None = None
    """The drafted edge on, if it is in the same evaluation."""


class Sequence:
    """Greedy decoding of one answer in one sequence of a context.

    Args:
        prompt: all tokens of the prompt.
        cached: how many of them the context's sequence holds already.
        copying: what values may be made of; None: of anything.
        hasty: no guess may make the first command wait.
        max_tokens: tokens the answer may take; then it is cut off.
        max_draft: choices guessed ahead in one evaluation.
    """

    def __init__(
        self,
        number: int,
        prompt: list[int],
        cached: int,
        *,
        automaton: Automaton,
        drafter: Drafter | None,
        copying: Copying | None,
        hasty: bool,
        max_tokens: int,
        max_draft: int,
    ) -> None:
        self.number = number
        self.text = bytearray()
        """What is written so far."""
        self.probabilities: list[tuple[int, float]] = []
        """Of each choice: where in the text it was made, and how likely its outcome was."""
        self.evaluations = 0
        self.finished = False
        self._automaton = automaton
        self._drafter = drafter
        self._copying = copying
        self._hasty = hasty
        self._max_draft = max_draft
        self._prompt_length = len(prompt)
        self._limit = len(prompt) + max_tokens
        self._tokens = list(prompt)
        self._cached = cached
        self._stakes: list[_Stake] = []
        self._rows = 0
        self._first = 0
        self._commit(automaton.start)

    @property
    def prompt_tokens(self) -> int:
        """Tokens of the prompt."""
        return self._prompt_length

    @property
    def tokens(self) -> int:
        """Tokens of the answer so far."""
        return len(self._tokens) - self._prompt_length

    def fill(self, context: Context, room: int) -> int:
        """Put what is to be evaluated into the batch, at most ``room`` tokens; returns how many."""
        known = len(self._tokens)
        self._stakes.clear()
        if known - self._cached > room:
            self._rows = room
            context.add(self.number, self._cached, self._tokens[self._cached :][:room], ())
            return room
        # A guess that needs a pass of its own would only make the first command wait.
        guessed = self._guess(min(room, context.stride) - (known - self._cached))
        end = self._stakes[-1].length
        outputs = [stake.length - 1 - self._cached for stake in self._stakes]
        rows = (self._tokens[self._cached :] + guessed)[: end - self._cached]
        self._rows = len(rows)
        self._first = context.add(self.number, self._cached, rows, outputs)
        return self._rows

    def _guess(self, room: int) -> list[int]:
        """Stake the next choice and the drafted ones after it; returns the tokens guessed."""
        stake = _Stake(len(self._tokens), self._node)
        self._stakes.append(stake)
        draft = self._draft()
        guessed: list[int] = []
        text = bytes(self.text)
        at = 0
        while at < len(draft) and len(self._stakes) <= self._max_draft:
            edge = self._follow(stake.node, draft[at], text, guessed)
            if edge is None or len(guessed) + len(edge.tokens) > room:
                break
            after = at + len(edge.tokens)
            if not edge.to.stops and draft[at:after] != edge.tokens:
                break
            stake.edge = edge
            guessed += edge.tokens
            text += edge.text
            at = after
            if edge.to.stops or (self._hasty and b'"}' in edge.text):
                break
            stake = _Stake(len(self._tokens) + len(guessed), edge.to)
            self._stakes.append(stake)
        return guessed

    def _follow(self, node: Node, token: int, text: bytes, guessed: list[int]) -> Edge | None:
        edge = node.edges.get(token)
        if edge is not None:
            return edge
        answer = self._tokens[self._prompt_length :] + guessed
        return self._automaton.follow(node, token, text, answer)

    def _draft(self) -> list[int]:
        if self._drafter is None:
            return []
        written = self.text.decode("utf-8", errors="ignore")
        return self._drafter.tokens(written, self._tokens[self._prompt_length :])

    def read(self, logits: Logits, context: Context) -> None:
        """Take what the evaluation decided.

        Raises:
            ModelAnswerInvalid: the grammar leaves no way on.
        """
        self.evaluations += 1
        evaluated = self._cached + self._rows
        self._cached = evaluated
        for row, stake in enumerate(self._stakes, self._first):
            token, probability = self._choose(stake.node.allowed, logits[row])
            self.probabilities.append((len(self.text), probability))
            if stake.edge is not None and token == stake.edge.tokens[0]:
                self._commit(stake.edge)
                if self.finished:
                    break
                continue
            self._cached = stake.length
            if evaluated > self._cached:
                context.truncate(self.number, self._cached)
            self._take(stake.node, token)
            break
        self.finished = self.finished or len(self._tokens) >= self._limit

    def _choose(self, allowed: Allowed, logits: Logits) -> tuple[int, float]:
        choice = allowed.choose(logits)
        if self._copying is None:
            return choice
        return self._copying.instead(self.text, choice[0], logits, allowed) or choice

    def _take(self, node: Node, token: int) -> None:
        edge = self._follow(node, token, bytes(self.text), [])
        if edge is None:
            raise ModelAnswerInvalid(f"the grammar allows no token after {bytes(self.text)!r}")
        self._commit(edge)

    def _commit(self, edge: Edge) -> None:
        self._tokens += edge.tokens
        self.text += edge.text
        self._node = edge.to
        self.finished = edge.to.stops or too_much(self.text)
        if self._hasty and b'"}' in edge.text:
            self._hasty = False
