"""Refusals in the store: kept without content, found by filter and id, swept by age, and told of once an hour."""

import json
import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.domain.errors import NotFoundError
from gateway.domain.submission import Refusal
from gateway.store import outbox, refusals
from gateway.store.database import Database, open_database
from gateway.store.outbox import NewMail
from gateway.store.refusals import RefusalFilter
from tests.filled_store import FAR, NOW

FIRST = Refusal(NOW, "192.0.2.1", "bounce@x.example", "", (FAR,), "registered", "550 5.7.1 no", {"n": 1})
SECOND = replace(
    FIRST,
    at=NOW + timedelta(minutes=1),
    peer="2001:db8::1",
    mail_from="Eve@Mail.example",
    header_from="ann@corp_x.example",
    rule="proof",
)
THIRD = replace(FIRST, at=NOW + timedelta(minutes=2), header_from="jörg@xn--bcher-kva.example", rule="locked")


def notice(refusal: Refusal) -> NewMail:
    return NewMail("refusal", None, None, 0, refusal.header_from, b"no\r\n", f"<{refusal.public_id}@fax>")


def sent(db: Database) -> list[str]:
    return [mail.message_id for mail in reversed(outbox.listing(db))]


def test_refusals_are_listed_newest_first(db: Database) -> None:
    first, second = (refusals.add_refusal(db, one) for one in (FIRST, SECOND))

    assert refusals.refusals(db) == (second, first)
    assert replace(first, public_id="") == FIRST
    assert second.evidence == {"n": 1}


@pytest.mark.parametrize(
    ("wanted", "rules"),
    [
        (RefusalFilter(since=SECOND.at), ["proof"]),
        (RefusalFilter(since=SECOND.at + timedelta(seconds=1)), []),
        (RefusalFilter(limit=1), ["proof"]),
        (RefusalFilter(rule="registered"), ["registered"]),
        (RefusalFilter(rule="reg"), []),
        (RefusalFilter(peer="192.0.2.1"), ["registered"]),
        (RefusalFilter(sender="eve@mail"), ["proof"]),
        (RefusalFilter(sender="corp_x"), ["proof"]),
        (RefusalFilter(sender="corp%x"), []),
        (RefusalFilter(sender=".EXAMPLE"), ["proof", "registered"]),
        (RefusalFilter(sender="eve", rule="registered"), []),
    ],
)
def test_a_filter_narrows_the_list(db: Database, wanted: RefusalFilter, rules: list[str]) -> None:
    for one in (FIRST, SECOND):
        refusals.add_refusal(db, one)

    assert [one.rule for one in refusals.refusals(db, wanted)] == rules


@pytest.mark.parametrize("part", ["jörg@bücher.example", "Bücher.example", "bu\u0308cher", "xn--bcher-kva", "jörg"])
def test_an_address_is_found_by_either_spelling_of_its_domain(db: Database, part: str) -> None:
    for one in (SECOND, THIRD):
        refusals.add_refusal(db, one)

    assert [one.rule for one in refusals.refusals(db, RefusalFilter(sender=part))] == ["locked"]


def test_a_refusal_is_found_by_its_id_however_it_is_typed(db: Database) -> None:
    kept = refusals.add_refusal(db, FIRST)

    assert kept.public_id.startswith("R-")
    for typed in (kept.public_id, kept.public_id.lower(), f" {kept.public_id[2:]} "):
        assert refusals.refusal(db, typed) == kept


@pytest.mark.parametrize("typed", ["R-00000000", "", "R-", "7", "R-ZZZZZZZZ", "Über"])
def test_an_id_that_was_never_given_is_not_found(db: Database, typed: str) -> None:
    refusals.add_refusal(db, FIRST)

    with pytest.raises(NotFoundError, match="faxgw refused list"):
        refusals.refusal(db, typed)


def test_what_is_no_text_is_kept_all_the_same(db: Database) -> None:
    hostile = replace(
        FIRST, mail_from="a\udcff@x", header_from="\0\ud800", recipients=("\udcfe",), evidence={"x": "\udcff\0"}
    )
    refusals.add_refusal(db, hostile)

    [kept] = refusals.refusals(db)

    assert (kept.mail_from, kept.header_from) == ("a?@x", "??")
    assert json.dumps(kept.evidence) == '{"x": "\\udcff\\u0000"}'


def test_refusals_are_forgotten_after_ninety_days_and_their_ids_never_given_again(db: Database) -> None:
    old = refusals.add_refusal(db, FIRST)
    later = NOW + timedelta(days=90, hours=2)

    assert refusals.sweep(db, NOW + timedelta(days=89)) == 0
    assert refusals.sweep(db, later) == 1
    assert refusals.refusals(db) == ()
    assert refusals.add_refusal(db, replace(FIRST, at=later)).public_id != old.public_id


# Notices.


def test_a_notice_is_in_the_outbox_with_its_refusal(db: Database) -> None:
    kept = refusals.add_refusal(db, SECOND, notice)

    [mail] = outbox.listing(db)
    assert (mail.recipient, mail.submission_id, mail.kind) == ("ann@corp_x.example", None, "refusal")
    assert mail.message_id == f"<{kept.public_id}@fax>"


def test_an_address_is_written_to_once_an_hour(db: Database) -> None:
    told = []
    for minutes in (0, 1, 59, 60, 61, 119, 120):
        one = replace(SECOND, at=NOW + timedelta(minutes=minutes))
        before = len(sent(db))
        refusals.add_refusal(db, one, notice)
        told += [minutes] * (len(sent(db)) - before)

    assert told == [0, 60, 120]
    assert len(refusals.refusals(db)) == 7


def test_another_address_is_not_kept_waiting(db: Database) -> None:
    for address in ("ann@corp.example", "bob@corp.example", "ann@corp.example"):
        refusals.add_refusal(db, replace(SECOND, header_from=address), notice)

    assert len(sent(db)) == 2


def test_a_refusal_without_a_notice_starts_no_hour(db: Database) -> None:
    refusals.add_refusal(db, SECOND)
    refusals.add_refusal(db, SECOND, notice)

    assert len(sent(db)) == 1


def test_the_sweep_does_not_shorten_the_hour(db: Database) -> None:
    refusals.add_refusal(db, SECOND, notice)
    refusals.sweep(db, SECOND.at + timedelta(minutes=59))
    refusals.add_refusal(db, replace(SECOND, at=SECOND.at + timedelta(minutes=59)), notice)
    assert len(sent(db)) == 1

    refusals.sweep(db, SECOND.at + timedelta(hours=3))
    refusals.add_refusal(db, replace(SECOND, at=SECOND.at + timedelta(hours=3)), notice)

    assert len(sent(db)) == 2


def test_a_notice_that_cannot_be_written_leaves_no_refusal(db: Database) -> None:
    def broken(_refusal: Refusal) -> NewMail:
        raise ValueError("no words")

    with pytest.raises(ValueError, match="no words"):
        refusals.add_refusal(db, SECOND, broken)

    assert refusals.refusals(db) == ()
    refusals.add_refusal(db, SECOND, notice)
    assert len(sent(db)) == 1


def test_two_processes_write_to_an_address_once(db: Database) -> None:
    others = [open_database(db.url.render_as_string(hide_password=False)) for _ in range(3)]
    threads = [threading.Thread(target=refusals.add_refusal, args=(other, SECOND, notice)) for other in others]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for other in others:
        other.close()

    assert len(refusals.refusals(db)) == 3
    assert len(sent(db)) == 1
