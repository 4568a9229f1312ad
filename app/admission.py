"""Who may wait for the model, how long, and what happens to those who leave.

Requests queue for the model's worker threads. A full queue refuses at once; a deadline or a lost
client frees the place in the queue, or stops the decoding between two evaluations.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from schemas.errors import Cancelled, DeadlineExceeded, QueueFull, ShuttingDown

T = TypeVar("T")

_SMOOTHING = 0.2
"""Weight of the newest request in the running mean that Retry-After is made of."""


class Ticket:
    """One admitted piece of work: how long it waited and whether anyone still wants it."""

    def __init__(self) -> None:
        self._admitted = time.perf_counter()
        self._left = threading.Event()
        self.waited = 0.0
        """Seconds between admission and start."""

    def start(self) -> None:
        """Mark the end of the wait.

        Raises:
            Cancelled: the client left while waiting.
        """
        self.waited = time.perf_counter() - self._admitted
        if self._left.is_set():
            raise Cancelled("the client went away while the request waited")

    def leave(self) -> None:
        """Nobody waits for the answer any more."""
        self._left.set()

    def cancelled(self) -> bool:
        """Whether nobody waits for the answer any more."""
        return self._left.is_set()


Work = Callable[[Ticket], T]


class Admission:
    """A bounded queue in front of ``workers`` threads.

    Args:
        workers: pieces of work that run at once.
        waiting: pieces of work that may wait beyond those.
        deadline: seconds a request has from admission to answer.
    """

    def __init__(self, workers: int, waiting: int, deadline: float) -> None:
        self.workers = workers
        self.limit = workers + waiting
        self.deadline = deadline
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="model")
        self._pending = 0
        self._mean_seconds = 0.1
        self._closing = False

    @property
    def pending(self) -> int:
        """Pieces of work admitted and not finished."""
        return self._pending

    def retry_after(self) -> int:
        """Whole seconds after which a place is likely free."""
        return max(1, round(self._mean_seconds * self._pending / self.workers))

    async def run(self, work: Work[T]) -> T:
        """Run the work in a worker thread and wait for it.

        Raises:
            QueueFull, ShuttingDown: nothing was started.
            DeadlineExceeded: the work was told to stop.
        """
        return (await self.run_all([work]))[0]

    async def run_all(self, works: Sequence[Work[T]]) -> list[T]:
        """Run several pieces as one request: admitted together, answered in order.

        Raises:
            QueueFull, ShuttingDown: nothing was started.
            DeadlineExceeded: all of them were told to stop.
        """
        if self._closing:
            raise ShuttingDown("the service is shutting down")
        if self._pending >= self.limit:
            raise QueueFull(
                f"{self._pending} requests are waiting, and no more may",
                retry_after=self.retry_after(),
            )
        jobs = [self._submit(work) for work in works]
        try:
            async with asyncio.timeout(self.deadline):
                return await asyncio.gather(*(_outcome(future) for _, future in jobs))
        except TimeoutError:
            raise DeadlineExceeded(f"no answer within {self.deadline:g} seconds") from None
        finally:
            for ticket, future in jobs:
                ticket.leave()
                future.cancel()

    def _submit(self, work: Work[T]) -> tuple[Ticket, Future[T]]:
        ticket = Ticket()
        loop = asyncio.get_running_loop()
        self._pending += 1
        future = self._threads.submit(self._call, ticket, work)

        def done(_: Future[T]) -> None:
            # The loop may have ended first, when a shutdown gave up on slow work.
            if not loop.is_closed():
                loop.call_soon_threadsafe(self._finished)

        future.add_done_callback(done)
        return ticket, future

    def _call(self, ticket: Ticket, work: Work[T]) -> T:
        ticket.start()
        begun = time.perf_counter()
        result = work(ticket)
        taken = time.perf_counter() - begun
        self._mean_seconds += _SMOOTHING * (taken - self._mean_seconds)
        return result

    def _finished(self) -> None:
        self._pending -= 1

    async def drain(self, seconds: float) -> None:
        """Take nothing new, and give what is admitted that long to finish."""
        self._closing = True
        until = time.monotonic() + seconds
        while self._pending and time.monotonic() < until:
            await asyncio.sleep(0.02)
        self._threads.shutdown(wait=False, cancel_futures=True)


def _outcome(future: Future[T]) -> asyncio.Future[T]:
    """The result of a thread's future; leaving does not cancel it: the ticket says so instead."""
    return asyncio.shield(asyncio.wrap_future(future))
