"""The metadata of a fax: true to its schema, whatever a far end calls itself."""

import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from gateway.mail.metadata_xml import (
    NAMESPACE,
    SCHEMA,
    CallFacts,
    Delivery,
    Direction,
    End,
    FaxFacts,
    FileFacts,
    Holder,
    PageFacts,
    as_xml,
)

STARTED = datetime(2026, 3, 2, 15, 4, 5, tzinfo=UTC)
PAGES = (PageFacts(1728, 2291, 204, 196), PageFacts(1728, 1100, 204, 98))
FILE = FileFacts("fax-1.pdf", "application/pdf", 1, 2, 12_345, "0" * 64)
FACTS = FaxFacts(
    direction=Direction.RECEIVED,
    id="1",
    state="partial",
    complete=False,
    caller=End("+12125550100", "ACME & SONS <212>"),
    called=End("+13125550199", sub_address="42"),
    holder=Holder("Example/Sales/anna", "Anna Example"),
    call=CallFacts(STARTED, STARTED + timedelta(seconds=61), "lost carrier", 14400, ecm=True, bad_rows=3),
    pages=PAGES,
    delivery=Delivery(1, 2, 3),
    files=(FILE,),
)
SCHEMA_OF_FAX = etree.XMLSchema(etree.parse(str(SCHEMA)))


def read(facts: FaxFacts) -> etree._Element:
    """By libxml2, which holds it against the schema."""
    root = etree.fromstring(as_xml(facts))
    SCHEMA_OF_FAX.assertValid(root)
    return root


def text_at(root: etree._Element, path: str) -> str | None:
    found = root.find("/".join(f"{{{NAMESPACE}}}{step}" for step in path.split("/")))
    return None if found is None else found.text


def test_all_facts_are_told_by_the_schema() -> None:
    root = read(FACTS)

    assert dict(root.attrib) == {"direction": "received", "id": "1", "complete": "false"}
    assert text_at(root, "from/station") == "ACME & SONS <212>"
    assert text_at(root, "to/subAddress") == "42"
    assert text_at(root, "call/started") == "2026-03-02T15:04:05Z"
    assert [page.get("rows") for page in root.iter(f"{{{NAMESPACE}}}page")] == ["2291", "1100"]
    assert [file.get("name") for file in root.iter(f"{{{NAMESPACE}}}file")] == ["fax-1.pdf"]


def test_what_is_not_known_is_left_out() -> None:
    root = read(replace(FACTS, caller=End(""), call=CallFacts(STARTED), delivery=None, files=(), pages=()))

    assert text_at(root, "from/number") is None
    assert text_at(root, "call/rate") is None
    assert root.find(f"{{{NAMESPACE}}}delivery") is None


def test_times_are_told_in_utc() -> None:
    local = STARTED.astimezone(timezone(timedelta(hours=5)))

    assert text_at(read(replace(FACTS, call=CallFacts(local))), "call/started") == "2026-03-02T15:04:05Z"


def test_the_same_facts_make_the_same_octets() -> None:
    assert as_xml(FACTS) == as_xml(replace(FACTS))


@given(st.text(max_size=30))
def test_a_far_end_may_call_itself_anything(name: str) -> None:
    root = read(replace(FACTS, caller=End("", name), holder=Holder(name, name)))

    assert len(text_at(root, "from/station") or "") <= len(name)
    assert len(root) == 8


def test_the_schema_refuses_what_it_does_not_know() -> None:
    changed = as_xml(FACTS).replace(b'complete="false"', b'complete="perhaps"')

    assert not SCHEMA_OF_FAX.validate(etree.fromstring(changed))


@pytest.mark.skipif(shutil.which("xmllint") is None, reason="xmllint is not installed: apt-get install libxml2-utils")
def test_a_second_tool_agrees(tmp_path: Path) -> None:
    file = tmp_path / "fax.xml"
    file.write_bytes(as_xml(FACTS))

    done = subprocess.run(["xmllint", "--noout", "--schema", str(SCHEMA), str(file)], check=False, capture_output=True)

    assert done.returncode == 0, done.stderr.decode()
