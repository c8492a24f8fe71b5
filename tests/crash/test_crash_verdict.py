"""The checker finds what must not be: each harm is done by hand to a house where all went well."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.crash.feed import Feed, Letter
from tests.crash.house import House, Told
from tests.crash.verdict import Verdict, drain, execute, judge, leave

pytestmark = pytest.mark.slow
Harm = Callable[[House], None]


@pytest.fixture(scope="module")
def well(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[House, Feed]]:
    """Three faxes that went well, and nothing runs any more."""
    with House(tmp_path_factory.mktemp("well") / "house") as house:
        house.start()
        feed = Feed(house, rate=1, seed=1)
        feed.send(faxes=2)
        feed.send(faxes=1)
        drain(house)
        leave(house)
        yield house, feed


def test_a_mail_that_is_sent_again_is_the_same_octet_for_octet(tmp_path: Path) -> None:
    letter = Letter("7", ("+12024560100",), pages=2)

    assert letter.octets(tmp_path) == letter.octets(tmp_path)


def harmed(well: tuple[House, Feed], harm: Harm, mended: Harm) -> Verdict:
    house, feed = well
    harm(house)
    try:
        return judge(house, feed)
    finally:
        mended(house)


def far_end_log(house: House) -> Path:
    return house.store / "simulator" / "log.jsonl"


def test_where_all_went_well_nothing_is_found(well: tuple[House, Feed]) -> None:
    house, feed = well

    verdict = judge(house, feed)

    assert verdict.wrong == []
    assert (verdict.accepted, verdict.states["sent"], verdict.notices) == (3, 3, 5)


def test_a_fax_that_the_far_end_took_twice_is_found(well: tuple[House, Feed]) -> None:
    log = far_end_log(well[0])
    before = log.read_text()
    again = next(line for line in before.splitlines() if json.loads(line)["last"])

    verdict = harmed(well, lambda _: log.write_text(before + again + "\n"), lambda _: log.write_text(before))  # type: ignore[arg-type,return-value]

    assert verdict.twice == 1
    assert any(words.startswith("twice:") for words in verdict.wrong)


def test_a_page_that_never_arrived_is_found(well: tuple[House, Feed]) -> None:
    log = far_end_log(well[0])
    before = log.read_text()

    verdict = harmed(
        well,
        lambda _: log.write_text("".join(before.splitlines(keepends=True)[1:])),  # type: ignore[arg-type,return-value]
        lambda _: log.write_text(before),  # type: ignore[arg-type,return-value]
    )

    assert any("is sent, and" in words for words in verdict.wrong)


def test_an_accepted_fax_that_is_not_finished_is_found(well: tuple[House, Feed]) -> None:
    verdict = harmed(
        well,
        lambda house: execute(house, text("UPDATE job SET state = 'waiting' WHERE id = 1")),
        lambda house: execute(house, text("UPDATE job SET state = 'sent' WHERE id = 1")),
    )

    assert verdict.lost == 1


def test_a_notice_that_the_relay_never_had_is_found(well: tuple[House, Feed]) -> None:
    lost: list[Told] = []

    verdict = harmed(
        well, lambda house: lost.append(house.sink.told.pop()), lambda house: house.sink.told.append(lost[0])
    )

    assert any("never reached the relay" in words for words in verdict.wrong)


def test_a_notice_under_another_message_id_is_found(well: tuple[House, Feed]) -> None:
    verdict = harmed(
        well,
        lambda house: house.sink.told.append(Told("<again@elsewhere>", "anna@acme.example", "delivered")),
        lambda house: house.sink.told.remove(house.sink.told[-1]),
    )

    assert any("is not in the outbox" in words for words in verdict.wrong)


def test_a_content_that_is_gone_or_another_one_is_found(well: tuple[House, Feed]) -> None:
    path = next((well[0].store / "spool" / "contents").glob("??/*"))
    before = path.read_bytes()

    gone = harmed(well, lambda _: path.unlink(), lambda _: path.write_bytes(before))  # type: ignore[arg-type,return-value]
    another = harmed(well, lambda _: path.write_bytes(before + b"x"), lambda _: path.write_bytes(before))  # type: ignore[arg-type,return-value]

    assert any("does not hold" in words for words in gone.wrong)
    assert any("is another one" in words for words in another.wrong)
