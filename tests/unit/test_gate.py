"""Who looks for work in vain has looked for all others."""

import asyncio

from gateway.gate import Gate


class Shelf:
    """Work to be claimed, and how often it was looked at."""

    def __init__(self, *work: str) -> None:
        self.work = list(work)
        self.looks = 0

    def take(self) -> str | None:
        self.looks += 1
        return self.work.pop() if self.work else None


async def test_of_many_who_wake_at_once_one_looks_in_vain() -> None:
    shelf, gate = Shelf(), Gate(lambda: 1, stale=60)

    found = await asyncio.gather(*(gate.claim(shelf.take) for _ in range(8)))

    assert (found, shelf.looks) == ([None] * 8, 1)


async def test_each_finds_what_there_is_and_the_next_looks_on() -> None:
    shelf, gate = Shelf("a", "b"), Gate(lambda: 1, stale=60)

    found = await asyncio.gather(*(gate.claim(shelf.take) for _ in range(8)))

    assert (sorted(filter(None, found)), shelf.looks) == (["a", "b"], 3)


async def test_news_makes_another_look_worth_while() -> None:
    rung = [1]
    shelf, gate = Shelf(), Gate(lambda: rung[0], stale=60)
    await gate.claim(shelf.take)

    rung[0], shelf.work = 2, ["a"]

    assert await gate.claim(shelf.take) == "a"


async def test_news_during_a_look_in_vain_is_not_missed() -> None:
    rung = [1]
    shelf, gate = Shelf(), Gate(lambda: rung[0], stale=60)

    def take() -> str | None:
        found = shelf.take()
        rung[0] += 1
        return found

    await gate.claim(take)
    shelf.work = ["a"]

    assert await gate.claim(shelf.take) == "a"


async def test_a_look_in_vain_holds_for_a_while_only() -> None:
    shelf, gate = Shelf(), Gate(lambda: 1, stale=0)

    await gate.claim(shelf.take)
    await gate.claim(shelf.take)

    assert shelf.looks == 2


async def test_a_glance_that_says_no_is_believed() -> None:
    shelf, gate = Shelf("a"), Gate(lambda: 1, stale=60, worth=lambda: False)

    assert await gate.claim(shelf.take) is None
    assert shelf.looks == 0


async def test_who_finds_work_has_the_next_one_woken() -> None:
    woken: list[int] = []
    shelf = Shelf("a", "b")
    gate = Gate(lambda: 1, stale=60, found=lambda: woken.append(len(shelf.work)))

    for _ in range(4):
        await gate.claim(shelf.take)

    assert woken == [1, 0]
