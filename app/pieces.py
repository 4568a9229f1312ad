"""Pieces of an answer on their way from a worker's thread to the client."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, Generic, TypeVar

P = TypeVar("P")
T = TypeVar("T")


class Pieces(Generic[P]):
    """Pieces in the order they were put, until the work that puts them has ended."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._queue: asyncio.Queue[P | None] = asyncio.Queue()
        """None: the work has ended."""

    def put(self, piece: P) -> None:
        """Send one on, from any thread."""
        self._loop.call_soon_threadsafe(self._queue.put_nowait, piece)

    async def begin(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Start the work; raises at once what admission refuses, before the stream has begun."""
        running = asyncio.create_task(work)
        running.add_done_callback(lambda _: self._queue.put_nowait(None))
        await asyncio.sleep(0)
        if running.done():
            running.result()
        return running

    def __aiter__(self) -> Pieces[P]:
        return self

    async def __anext__(self) -> P:
        piece = await self._queue.get()
        if piece is None:
            raise StopAsyncIteration
        return piece
