"""What a trial comes to: the accepted mails, the far ends' record and the relay's against the store and the spool.

Nothing here asks the gateway's own code but `faxgw` commands: tables are read as they lie.
"""

import hashlib
import signal
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import chain
from typing import Any

from sqlalchemy import Connection, Engine, TextClause, text

from gateway.fax.simulator.received import read_lines
from gateway.store.engines import make_engine, parse_url
from tests.crash.feed import Feed
from tests.crash.house import House, wait_for

FINAL = {"sent", "failed", "unconfirmed", "cancelled"}
ENDS = {"delivery-success", "delivery-failure"}  # notices; one that tells of a delay is none
LATE = ("delivery-delayed", "dropped")  # a notice on a delay that was over before it was sent
DRAIN_SECONDS = 180.0


@dataclass
class Verdict:
    """Figures, and in `wrong` a line for everything that must not be."""

    accepted: int = 0  # faxes of mails that were answered 250
    states: Counter[str] = field(default_factory=Counter)
    lost: int = 0
    twice: int = 0
    redialled: int = 0  # calls after one that a crash cut
    notices: int = 0
    notices_again: int = 0
    wrong: list[str] = field(default_factory=list)


def rows(connection: Connection, query: str) -> list[Any]:
    return list(connection.execute(text(query)).all())


def ask(house: House, query: str) -> list[Any]:
    """The answer to a query of the store as it now is."""
    with _engine(house.url).connect() as connection:
        return rows(connection, query)


@cache
def _engine(url: str) -> Engine:
    """It keeps no connection; making one for each question takes longer than the question."""
    return make_engine(parse_url(url), migrating=True)


OPEN_WORK = """
SELECT (SELECT count(*) FROM job WHERE state NOT IN ('sent', 'failed', 'unconfirmed', 'cancelled', 'held'))
     + (SELECT count(*) FROM submission WHERE state IN ('accepted', 'rendering'))
     + (SELECT count(*) FROM outbox WHERE state IN ('waiting', 'sending'))
"""


def drain(house: House) -> None:
    """Until nothing is left to be done; what was held for the crashes of its calls is released."""

    def is_done() -> bool:
        if ask(house, OPEN_WORK)[0][0]:
            return False
        held = ask(house, "SELECT id FROM job WHERE state = 'held'")
        if held:
            release_held(house)
        return not held

    wait_for(is_done, "what was accepted does not come to an end", DRAIN_SECONDS)


def rendered(house: House) -> None:
    """Until every mail that was accepted has its pages."""
    waiting = "SELECT count(*) FROM submission WHERE state IN ('accepted', 'rendering')"
    wait_for(lambda: not ask(house, waiting)[0][0], "what was accepted is not rendered")


def leave(house: House) -> None:
    """Let all nodes end as they are asked to, one after the other: the last takes back what those before it left."""
    house.start()
    for node in house.nodes:
        assert node.child is not None
        node.child.signal(signal.SIGTERM)
        assert node.child.ended.wait(60), f"{node.name} does not end"
        assert node.child.status == 0, f"{node.name} ended with {node.child.status}"


def release_held(house: House) -> None:
    """What a person does who sees that jobs were put aside for crashes that are over."""
    execute(house, text("UPDATE job SET state = 'ready', crashes = 0 WHERE state = 'held'"))


def execute(house: House, statement: TextClause) -> None:
    """Change the store past the gateway."""
    with _engine(house.url).begin() as connection:
        connection.execute(statement)


def judge(house: House, feed: Feed) -> Verdict:
    """Look at everything; no node may be at work meanwhile."""
    found = Verdict(wrong=[f"refused: {refusal}" for refusal in feed.refused])
    jobs = ask(house, "SELECT id, number, state, pages, pages_sent, owner FROM job ORDER BY id")
    _jobs(found, feed, jobs)
    _far_ends(found, house, jobs)
    _notices(found, house)
    _store(found, house)
    _spool(found, house)
    return found


def _jobs(found: Verdict, feed: Feed, jobs: Sequence[Any]) -> None:
    """Accepted is finished, each once, and nothing is there that nobody sent."""
    by_number = Counter(job.number for job in jobs)
    accepted = set(chain.from_iterable(letter.numbers for letter in feed.accepted))
    tried = set(chain.from_iterable(letter.numbers for letter in feed.tried))
    found.accepted = len(accepted)
    found.states = Counter(job.state for job in jobs if job.number in accepted)
    lost = accepted - {job.number for job in jobs if job.state in FINAL}
    found.lost = len(lost)
    found.wrong += [f"lost: the fax to {number} was accepted and is not finished" for number in sorted(lost)]
    found.wrong += [f"the fax to {number} is there {count} times" for number, count in by_number.items() if count > 1]
    found.wrong += [f"nobody sent a fax to {number}" for number in by_number.keys() - tried]
    found.wrong += [f"job {job.id} is {job.state} and has an owner" for job in jobs if job.owner is not None]


def _far_ends(found: Verdict, house: House, jobs: Sequence[Any]) -> None:
    """No fax is confirmed twice, what is called sent has arrived whole, and no call was dialled twice."""
    folder = house.store / "simulator"
    pages = read_lines(folder / "log.jsonl")
    last = Counter(line["number"] for line in pages if line["last"])
    found.twice = sum(count > 1 for count in last.values())
    found.wrong += [f"twice: {number} took the last page {count} times" for number, count in last.items() if count > 1]
    first = {row.call_uid: row.first_page for row in ask(house, "SELECT call_uid, first_page FROM attempt")}
    dials = Counter(line["call_uid"] for line in read_lines(folder / "dials.jsonl"))
    found.wrong += [f"call {uid} was dialled {count} times" for uid, count in dials.items() if count > 1]
    found.wrong += [f"call {uid} was dialled and is not in the store" for uid in dials.keys() - first.keys()]
    arrived: dict[str, set[int]] = {}
    for line in pages:
        if line["call_uid"] in first:
            arrived.setdefault(line["number"], set()).add(first[line["call_uid"]] + line["page"])
    for job in jobs:
        if job.state == "sent" and not arrived.get(job.number, set()) >= set(range(job.pages)):
            found.wrong.append(f"job {job.id} is sent, and {job.number} has pages {arrived.get(job.number)}")
        if job.state == "sent" and job.pages_sent != job.pages:
            found.wrong.append(f"job {job.id} is sent with {job.pages_sent} of {job.pages} pages")
    cut = ask(house, "SELECT count(*) FROM attempt WHERE detail = 'owner-lost' OR outcome IS NULL")
    found.redialled = int(cut[0][0])


def _notices(found: Verdict, house: House) -> None:
    """Every notice has reached the relay, each under one Message-ID, and none that the outbox does not know."""
    outbox = ask(house, "SELECT id, job_id, submission_id, kind, message_id, state FROM outbox")
    # What tells of a delay is dropped when the fax ends before it is sent: a step of the clock makes faxes late.
    due = [row for row in outbox if (row.kind, row.state) != ("delivery-delayed", "dropped")]
    told = Counter(notice.message_id for notice in house.sink.told)
    found.notices = len(told)
    found.notices_again = sum(count - 1 for count in told.values())
    known = {row.message_id for row in outbox}
    found.wrong += [f"notice {name} is not in the outbox" for name in sorted(told.keys() - known)]
    found.wrong += [f"notice {row.id} ({row.kind}) is {row.state}" for row in due if row.state != "sent"]
    found.wrong += [f"notice {row.id} never reached the relay" for row in due if row.message_id not in told]
    if len(known) != len(outbox):
        found.wrong.append("two notices have one Message-ID")
    ends = Counter(row.job_id for row in outbox if row.kind in ENDS)
    # A mail whose rendering was cut three times is given up, and its sender told once for all of its faxes.
    failed = {row.submission_id for row in outbox if row.kind == "initial-failure"}
    jobs = ask(house, "SELECT id, submission_id FROM job WHERE state <> 'cancelled'")
    ended = {row.id for row in jobs if row.submission_id not in failed}
    begun = {row.submission_id for row in outbox}
    found.wrong += [f"job {job} has {ends[job]} notices of its end" for job in sorted(ended) if ends[job] != 1]
    silent = {row.id for row in ask(house, "SELECT id FROM submission")} - begun
    found.wrong += [f"submission {key} was never answered" for key in sorted(silent)]


def _store(found: Verdict, house: House) -> None:
    """The database is whole, and nothing in it is owned or open."""
    if house.url.startswith("sqlite"):
        for pragma in ("integrity_check", "foreign_key_check"):
            answers = [row[0] for row in ask(house, f"PRAGMA {pragma}")]
            found.wrong += [f"{pragma}: {answer}" for answer in answers if answer != "ok"]
    for what, query in {
        "calls that never ended": "SELECT count(*) FROM attempt WHERE ended IS NULL",
        "submissions with an owner": "SELECT count(*) FROM submission WHERE owner IS NOT NULL",
        "notices with an owner": "SELECT count(*) FROM outbox WHERE owner IS NOT NULL",
        "contents that never came to the spool": "SELECT count(*) FROM content",
        "processes that are known and gone": "SELECT count(*) FROM process",
    }.items():
        count = int(ask(house, query)[0][0])
        if count:
            found.wrong.append(f"{count} {what}")


def _spool(found: Verdict, house: House) -> None:
    """Every content that a row names is there, and is what its name says."""
    contents = house.store / "spool" / "contents"
    named = chain.from_iterable(
        ask(house, f"SELECT DISTINCT {column} FROM {table} WHERE {column} <> ''")
        for table, column in (
            ("submission", "content_digest"), ("submission", "pages_digest"), ("job", "cover_digest"),
            ("attempt", "tiff_digest"), ("attempt", "pdf_digest"),
        )
    )  # fmt: skip
    for (digest,) in named:
        path = contents / digest[:2] / digest
        if not path.is_file():
            found.wrong.append(f"the spool does not hold {digest[:12]}")
        elif hashlib.sha256(path.read_bytes()).hexdigest() != digest:
            found.wrong.append(f"the content {digest[:12]} is another one")
