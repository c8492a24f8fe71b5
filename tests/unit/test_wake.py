"""A process hears of what others commit: at once on PostgreSQL, within a blink on SQLite."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from gateway.store import outbox, processes
from gateway.store.database import Database, open_database
from gateway.store.outbox import NewMail
from gateway.wake import News, news_of
from gateway.worker import Bell, Topic
from tests.filled_store import NOW, killed, process, url_of

SECONDS = 10
pytestmark = pytest.mark.slow


@pytest.fixture
def own(db: Database, tmp_path: Path) -> Iterator[processes.Process]:
    lease = process(db, tmp_path)
    yield lease
    killed(lease)


@pytest.fixture
def there(db: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """The same store as another process sees it."""
    with monkeypatch.context() as patch:
        patch.setattr("gateway.store.engines._TOKEN", "other")
        opened_there = open_database(url_of(db))
    yield opened_there
    opened_there.close()


def add_mail(db: Database, name: str) -> None:
    outbox.add(db, NewMail("x", None, None, 0, "anna@acme.example", b"x", f"<{name}@fax>"), NOW)


async def begun(news: News, bell: Bell, there: Database) -> asyncio.Event:
    """An event that is set when a mail is to be sent; news has been heard once already."""
    event = bell.add((Topic.MAIL,))
    await news.start()
    await asyncio.to_thread(add_mail, there, "first")
    await asyncio.wait_for(event.wait(), SECONDS)
    with suppress(TimeoutError):
        while True:  # it rings as it begins to listen, and may ring for the mail, too
            event.clear()
            await asyncio.wait_for(event.wait(), 0.3)
    return event


async def test_what_another_process_commits_rings_the_bell_soon(
    db: Database, there: Database, own: processes.Process
) -> None:
    bell = Bell()
    news = news_of(db, bell, "", own.id)
    event = await begun(news, bell, there)

    await asyncio.to_thread(add_mail, there, "second")
    began = time.monotonic()
    await asyncio.wait_for(event.wait(), SECONDS)
    took = time.monotonic() - began
    await news.stop()

    assert took < 1  # without news it would have been a poll


async def test_after_the_end_it_rings_no_more(db: Database, there: Database, own: processes.Process) -> None:
    bell = Bell()
    news = news_of(db, bell, "", own.id)
    event = await begun(news, bell, there)

    await news.stop()
    event.clear()  # of what came before the end
    await asyncio.to_thread(add_mail, there, "second")

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(event.wait(), 0.2)


async def test_while_nothing_is_committed_it_is_silent(db: Database, there: Database, own: processes.Process) -> None:
    bell = Bell()
    news = news_of(db, bell, "", own.id)
    event = await begun(news, bell, there)

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(event.wait(), 0.3)

    await news.stop()
