"""The queue refuses when full, keeps deadlines, and frees the place of whoever leaves."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from app.admission import Admission, Ticket
from schemas.errors import Cancelled, DeadlineExceeded, QueueFull, ShuttingDown


def until_left(started: threading.Event):  # type: ignore[no-untyped-def]
    def work(ticket: Ticket) -> str:
        started.set()
        for _ in range(500):
            if ticket.cancelled():
                raise Cancelled("left")
            time.sleep(0.01)
        return "nobody left"

    return work


async def settled(admission: Admission) -> int:
    for _ in range(300):
        if admission.pending == 0:
            break
        await asyncio.sleep(0.01)
    return admission.pending


async def test_work_runs_in_a_thread_and_its_wait_is_measured() -> None:
    admission = Admission(workers=1, waiting=1, deadline=5)

    def work(ticket: Ticket) -> tuple[str, float]:
        time.sleep(0.05)
        return threading.current_thread().name, ticket.waited

    (name, first), (_, second) = await asyncio.gather(admission.run(work), admission.run(work))
    assert name.startswith("model")
    assert first < 0.05 <= second
    assert await settled(admission) == 0


async def test_a_full_queue_refuses_at_once_and_says_when_to_come_back() -> None:
    admission = Admission(workers=1, waiting=1, deadline=5)
    release = threading.Event()
    running = [asyncio.create_task(admission.run(lambda _: release.wait(5))) for _ in range(2)]
    await asyncio.sleep(0.01)
    with pytest.raises(QueueFull) as refused:
        await admission.run(lambda _: True)
    assert (refused.value.retry_after or 0) >= 1
    release.set()
    assert await asyncio.gather(*running) == [True, True]
    assert await admission.run(lambda _: "room again") == "room again"


async def test_the_deadline_stops_the_work() -> None:
    admission = Admission(workers=1, waiting=1, deadline=0.1)
    started = threading.Event()
    with pytest.raises(DeadlineExceeded):
        await admission.run(until_left(started))
    assert started.is_set()
    assert await settled(admission) == 0


async def test_who_leaves_while_waiting_is_never_started() -> None:
    admission = Admission(workers=1, waiting=1, deadline=5)
    release, ran = threading.Event(), threading.Event()
    running = asyncio.create_task(admission.run(lambda _: release.wait(5)))
    waiting = asyncio.create_task(admission.run(lambda _: ran.set()))
    await asyncio.sleep(0.01)
    waiting.cancel()
    await asyncio.sleep(0.01)
    assert admission.pending == 1, "the place in the queue is free at once"
    release.set()
    assert await running
    assert not ran.is_set()


async def test_a_fault_of_the_work_comes_through() -> None:
    admission = Admission(workers=1, waiting=1, deadline=5)

    def work(_: Ticket) -> None:
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        await admission.run(work)
    assert await settled(admission) == 0


async def test_several_pieces_are_answered_in_order() -> None:
    admission = Admission(workers=3, waiting=0, deadline=5)
    works = [lambda _, n=n: (time.sleep(0.03 / (n + 1)), n)[1] for n in range(6)]
    assert await admission.run_all(works) == list(range(6))


async def test_draining_finishes_what_is_admitted_and_takes_nothing_new() -> None:
    admission = Admission(workers=1, waiting=1, deadline=5)
    release = threading.Event()
    running = asyncio.create_task(admission.run(lambda _: release.wait(5)))
    await asyncio.sleep(0.01)
    draining = asyncio.create_task(admission.drain(5))
    await asyncio.sleep(0.01)
    with pytest.raises(ShuttingDown):
        await admission.run(lambda _: True)
    release.set()
    await draining
    assert await running
