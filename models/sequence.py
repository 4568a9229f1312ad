"""One answer being decoded: what of it is certain, what is guessed, what to evaluate next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from llguidance import LLMatcher

from models.answer import Writing
from models.constraint import Constraint, choose, is_allowed
from models.context import Context, Logits
from schemas.errors import ModelAnswerInvalid


class Drafter(Protocol):
    """Guesses how an answer goes on."""

    def tokens(self, written: str, answer: list[int]) -> list[int]:
        """Tokens likely to follow those of the answer so far; wrong ones only cost time."""


@dataclass(slots=True)
class _Stake:
    """A choice that the next evaluation decides."""

    length: int
    """Tokens before it."""
    matcher: LLMatcher
    """Stands at the choice."""
    guess: int | None = None
    """The drafted token, if what comes after it is in the same evaluation."""
    forced: tuple[int, ...] = ()
    """The tokens that follow the drafted one without a choice."""
    stops: bool = False
    """The answer is whole after them."""


class Sequence:
    """Greedy decoding of one answer in one sequence of a context.

    Args:
        prompt: all tokens of the prompt.
        cached: how many of them the context's sequence holds already.
        max_tokens: tokens the answer may take.
        max_draft: choices guessed ahead in one evaluation.
    """

    def __init__(
        self,
        number: int,
        prompt: list[int],
        cached: int,
        *,
        writing: Writing,
        constraint: Constraint,
        drafter: Drafter | None,
        max_tokens: int,
        max_draft: int,
    ) -> None:
        self.number = number
        self.writing = writing
        self.evaluations = 0
        self.finished = False
        self._constraint = constraint
        self._drafter = drafter
        self._matcher = constraint.matcher()
        self._masks = constraint.masks(max_draft + 1)
        self._prompt_length = len(prompt)
        self._limit = len(prompt) + max_tokens
        self._tokens = list(prompt)
        self._cached = cached
        self._stakes: list[_Stake] = []
        self._rows = 0
        self._first = 0
        self._commit(constraint.forced(self._matcher, self._masks[0]), stops=False)

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
        stake = _Stake(len(self._tokens), self._matcher)
        self._stakes.append(stake)
        draft = self._draft()
        guessed: list[int] = []
        while draft and len(self._stakes) < len(self._masks):
            index, token = len(self._stakes), draft[0]
            if not is_allowed(self._masks[index - 1], token):
                break
            matcher = stake.matcher.deep_copy()
            matcher.consume_token(token)
            forced = self._constraint.forced(matcher, self._masks[index])
            stops = matcher.is_stopped()
            if not stops and draft[1 : 1 + len(forced)] != forced:
                break
            if len(guessed) + 1 + len(forced) > room:
                break
            stake.guess, stake.forced, stake.stops = token, tuple(forced), stops
            guessed += [token, *forced]
            draft = draft[1 + len(forced) :]
            if stops:
                break
            stake = _Stake(len(self._tokens) + len(guessed), matcher)
            self._stakes.append(stake)
        return guessed

    def _draft(self) -> list[int]:
        if self._drafter is None:
            return []
        return self._drafter.tokens(self.writing.text, self._tokens[self._prompt_length :])

    def read(self, logits: Logits, context: Context) -> None:
        """Take what the evaluation decided.

        Raises:
            ModelAnswerInvalid: the answer does not end within its tokens.
        """
        self.evaluations += 1
        evaluated = self._cached + self._rows
        self._cached = evaluated
        for index, stake in enumerate(self._stakes):
            token, probability = choose(logits[self._first + index], self._masks[index])
            self.writing.choose(probability)
            if token == stake.guess:
                self._commit([token, *stake.forced], stake.stops)
                continue
            self._cached = stake.length
            if evaluated > self._cached:
                context.truncate(self.number, self._cached)
            self._matcher = stake.matcher
            self._take(token)
            break
        if not self.finished and len(self._tokens) >= self._limit:
            raise ModelAnswerInvalid(
                f"the answer does not end within {self._limit - self._prompt_length} tokens",
                hint="Shorten the utterance, or raise MODEL__MAX_TOKENS.",
            )

    def _take(self, token: int) -> None:
        self._matcher.consume_token(token)
        forced = self._constraint.forced(self._matcher, self._masks[0])
        if self._matcher.is_error():
            raise ModelAnswerInvalid(f"the grammar refused a token: {self._matcher.get_error()}")
        self._commit([token, *forced], self._matcher.is_stopped())

    def _commit(self, tokens: list[int], stops: bool) -> None:
        self._tokens += tokens
        self.writing.append(b"".join(map(self._constraint.piece, tokens)))
        self.finished = stops
