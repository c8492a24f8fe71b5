"""Who looks for work in vain has looked for all others."""

import asyncio
from collections.abc import Sequence

from gateway.gate import Gate, single


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

    found = await asyncio.gather(*(gate.claim(single(shelf.take)) for _ in range(8)))

    assert (found, shelf.looks) == ([None] * 8, 1)


async def test_each_finds_what_there_is_and_the_next_looks_on() -> None:
    shelf, gate = Shelf("a", "b"), Gate(lambda: 1, stale=60)

    found = await asyncio.gather(*(gate.claim(single(shelf.take)) for _ in range(8)))

    assert (sorted(filter(None, found)), shelf.looks) == (["a", "b"], 3)


async def test_news_makes_another_look_worth_while() -> None:
    rung = [1]
    shelf, gate = Shelf(), Gate(lambda: rung[0], stale=60)
    await gate.claim(single(shelf.take))

    rung[0], shelf.work = 2, ["a"]

    assert await gate.claim(single(shelf.take)) == "a"


async def test_news_during_a_look_in_vain_is_not_missed() -> None:
    rung = [1]
    shelf, gate = Shelf(), Gate(lambda: rung[0], stale=60)

    def take() -> str | None:
        found = shelf.take()
        rung[0] += 1
        return found

    await gate.claim(single(take))
    shelf.work = ["a"]

    assert await gate.claim(single(shelf.take)) == "a"


async def test_a_look_in_vain_holds_for_a_while_only() -> None:
    shelf, gate = Shelf(), Gate(lambda: 1, stale=0)

    await gate.claim(single(shelf.take))
    await gate.claim(single(shelf.take))

    assert shelf.looks == 2


async def test_a_glance_that_says_no_is_believed() -> None:
    shelf, gate = Shelf("a"), Gate(lambda: 1, stale=60, worth=lambda: False)

    assert await gate.claim(single(shelf.take)) is None
    assert shelf.looks == 0


async def test_who_finds_work_has_the_next_one_woken() -> None:
    woken: list[int] = []
    shelf = Shelf("a", "b")
    gate = Gate(lambda: 1, stale=60, found=lambda: woken.append(len(shelf.work)))

    for _ in range(4):
        await gate.claim(single(shelf.take))

    assert woken == [1, 0]


class Pile:
    """Work of which several are taken at once, and how many were wanted each time."""

    def __init__(self, count: int) -> None:
        self.work = list(range(count))
        self.wanted: list[int] = []

    async def take(self, most: int) -> Sequence[int]:
        self.wanted.append(most)
        await asyncio.sleep(0)
        taken, self.work = self.work[:most], self.work[most:]
        return taken


async def test_one_look_claims_for_all_who_wait_meanwhile() -> None:
    pile, gate = Pile(8), Gate(lambda: 1, stale=60)

    found = await asyncio.gather(*(gate.claim(pile.take) for _ in range(8)))

    assert (sorted(one for one in found if one is not None), pile.wanted) == (list(range(8)), [1, 7])


async def test_one_look_claims_for_those_at_rest_who_are_woken_for_it() -> None:
    pile, woken = Pile(8), []
    gate = Gate(lambda: 1, stale=60, found=lambda: woken.append(1), resting=lambda: 3)

    assert await gate.claim(pile.take) == 0
    assert ([await gate.claim(pile.take) for _ in range(3)], pile.wanted, len(woken)) == ([1, 2, 3], [4], 4)


async def test_what_nobody_came_for_is_handed_over_once() -> None:
    pile, gate = Pile(3), Gate(lambda: 1, stale=60, resting=lambda: 2)
    await gate.claim(pile.take)

    assert (gate.left(), gate.left()) == ([1, 2], [])


async def test_an_error_of_a_look_is_its_own_and_the_next_looks_anew() -> None:
    pile, gate = Pile(1), Gate(lambda: 1, stale=60)

    async def broken(_most: int) -> Sequence[int]:
        raise KeyError

    found = await asyncio.gather(gate.claim(broken), gate.claim(pile.take), return_exceptions=True)

    assert isinstance(found[0], KeyError)
    assert found[1] == 0
