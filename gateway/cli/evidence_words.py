"""What was known of a sender, in one line for people.

What lives here: words for the record that a decision keeps (`gateway.domain.decision.record_of`). What does not: that
record as programs read it, and words for a trial (`try_mail`).
"""

from collections.abc import Iterator, Mapping
from typing import Any

from gateway.cli.output import Form


def for_people(row: dict[str, Any], form: str) -> dict[str, Any]:
    """The row as it is written in this form: tables have the evidence in words."""
    if form not in (Form.TABLE, Form.WIDE):
        return row
    return {**row, "evidence": evidence_words(row["evidence"])}


def evidence_words(record: Mapping[str, Any]) -> str:
    """The record in words; empty where nothing was known. Parts that an older version did not keep are left out."""
    return "; ".join(_words(record))


def _words(record: Mapping[str, Any]) -> Iterator[str]:
    if record.get("authenticated_as"):
        yield f"signed in as {record['authenticated_as']}"
    if record.get("trusted_relay"):
        yield "came from a trusted relay"
    spf = record.get("spf")
    if spf:
        yield f"SPF {_finding(spf)}"
    signatures = record.get("dkim") or ()
    yield from (f"DKIM {_finding(one)}" for one in signatures)
    if spf and not signatures:
        yield "no DKIM signature"
    if record.get("setting"):
        yield f"asked for {record['setting']}"
    if record.get("rule"):
        yield f"decided by {record['rule']}"


def _finding(found: Mapping[str, Any]) -> str:
    """One result, whose it is and why."""
    words = [f"{found.get('result', '?')} for {found.get('domain') or 'no domain'}"]
    if found.get("result") == "pass":
        words.append("the author's own domain" if found.get("aligned") else "not the author's domain")
    return ", ".join([*words, *([found["reason"]] if found.get("reason") else [])])
