"""Notes of refusals: kept in turn, bounded, and nobody waits for them."""

import asyncio
import logging
from datetime import UTC, datetime

import pytest

from gateway.domain.submission import Refusal
from gateway.mail.refusal_notes import LONGEST, MOST, RefusalNotes, shown


def note(rule: str) -> Refusal:
    return Refusal(datetime(2026, 3, 2, tzinfo=UTC), "192.0.2.1", "a@b.example", "", (), rule, "550 5.7.1 no")


async def test_notes_are_kept_in_their_order() -> None:
    kept: list[str] = []

    async def keep(refusal: Refusal) -> None:
        await asyncio.sleep(0)
        kept.append(refusal.rule)

    notes = RefusalNotes(keep)
    for number in range(20):
        notes.add(note(str(number)))
    await notes.finished(5)

    assert kept == [str(number) for number in range(20)]


async def test_a_note_after_a_pause_is_kept_too() -> None:
    kept: list[str] = []

    async def keep(refusal: Refusal) -> None:
        kept.append(refusal.rule)

    notes = RefusalNotes(keep)
    for rule in ("one", "two"):
        notes.add(note(rule))
        await notes.finished(5)

    assert kept == ["one", "two"]


async def test_what_is_too_much_is_dropped_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    kept: list[str] = []

    async def keep(refusal: Refusal) -> None:
        kept.append(refusal.rule)

    notes = RefusalNotes(keep)
    for number in range(MOST + 7):
        notes.add(note(str(number)))
    with caplog.at_level(logging.WARNING):
        await notes.finished(5)

    assert len(kept) == MOST
    assert [record.count for record in caplog.records] == [7]  # type: ignore[attr-defined]


async def test_a_store_that_hangs_does_not_hold_up_the_end() -> None:
    async def keep(_refusal: Refusal) -> None:
        await asyncio.Event().wait()

    notes = RefusalNotes(keep)
    notes.add(note("one"))

    async with asyncio.timeout(5):
        await notes.finished(0.01)


def test_addresses_are_shown_without_what_cannot_be_printed() -> None:
    assert shown("a\x00b\u202ec\udcff@x") == "a?b?c?@x"
    assert len(shown("x" * 5000)) == LONGEST
