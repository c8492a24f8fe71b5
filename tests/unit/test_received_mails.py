"""From a class F file to mails: by the settings, none larger than the relay takes, every page in one of them."""

import email
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import policy
from email.message import EmailMessage
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from gateway.domain.call import Coding
from gateway.domain.dates import DateStyle
from gateway.domain.received import ReceivedFax, ReceivedState
from gateway.domain.setting_catalog import Effective
from gateway.fax.t4 import classf, codec
from gateway.fax.t4.classf import PageFileError
from gateway.mail.metadata_xml import SCHEMA, Holder
from gateway.mail.notice_facts import Voice
from gateway.mail.received_mail import Brought
from gateway.received_files import FileFormat
from gateway.received_mails import MadeMail, Wishes, mails_of
from tests.fax_calls import noise_bitmap

STARTED = datetime(2026, 3, 2, 15, 4, 5, tzinfo=UTC)
FAX = ReceivedFax(
    1, "R0K3F9", "call-1", "+12065550142", "+13125550147", "ACME", "", 7, ReceivedState.RECEIVED,
    STARTED, STARTED + timedelta(seconds=73), 6, "0" * 64,
)  # fmt: skip
BROUGHT = Brought(FAX, "Ben Jones", Voice("Fax", "fax@fax.example", "fax.example"), STARTED, DateStyle())
BEN, ANNA = "ben@acme.example", "anna@acme.example"
OWNER = Holder("Acme/Sales/Ben Jones", "Ben Jones")
SCHEMA_OF_FAX = etree.XMLSchema(etree.parse(str(SCHEMA)))
ROWS = (40, 200, 8, 120, 300, 40)


@pytest.fixture(scope="module")
def tiff(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six pages of noise, of 4 to 136 KB each."""
    path = tmp_path_factory.mktemp("fax") / "fax.tif"
    classf.write_pages(path, [codec.encode(noise_bitmap(rows=rows), Coding.MMR) for rows in ROWS])
    return path


def mails(tiff: Path, wishes: Wishes, brought: Brought = BROUGHT) -> list[MadeMail]:
    return list(mails_of(brought, tiff, OWNER, (BEN, ANNA), wishes))


def octets(mail: MadeMail, whom: str = BEN) -> bytes:
    return mail.heads[whom] + mail.body


def parsed(mail: MadeMail) -> EmailMessage:
    message = email.message_from_bytes(octets(mail), policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def names(mail: MadeMail) -> list[str | None]:
    return [part.get_filename() for part in parsed(mail).iter_attachments()]


def pages_in(found: Sequence[MadeMail]) -> list[int]:
    return [
        page
        for mail in found
        for file in mail.load.files
        for page in range(file.first_page, file.first_page + file.pages)
    ]


def test_one_mail_brings_the_whole_fax_to_everybody(tiff: Path) -> None:
    [mail] = mails(tiff, Wishes())

    assert names(mail) == ["fax-R0K3F9.pdf"]
    assert {whom: parsed(mail)["To"] if whom == BEN else whom for whom in mail.heads} == {BEN: BEN, ANNA: ANNA}
    assert octets(mail, ANNA) != octets(mail)


@pytest.mark.parametrize(
    ("kind", "ending"), [("pdf", "pdf"), ("tif", "tif"), ("tif-hires", "tif"), ("tif-fax", "fax"), ("xps", "xps")]
)
def test_the_format_is_that_of_the_settings(tiff: Path, kind: str, ending: str) -> None:
    wishes = Wishes.of(Effective({"fax.inbound_format": kind}), None)

    [mail] = mails(tiff, wishes)
    assert names(mail) == [f"fax-R0K3F9.{ending}"]


def test_pages_come_one_by_one_with_their_facts_if_that_is_wanted(tiff: Path) -> None:
    wishes = Wishes.of(Effective({"fax.page_separation": "on", "fax.metadata": "on"}), None)

    [mail] = mails(tiff, wishes)
    assert names(mail) == [*(f"fax-R0K3F9-p00{number}.pdf" for number in range(1, 7)), "fax-R0K3F9.xml"]


def test_a_partial_fax_is_called_so_in_subject_text_files_and_facts(tiff: Path) -> None:
    brought = replace(BROUGHT, fax=replace(FAX, state=ReceivedState.PARTIAL))

    [mail] = mails(tiff, Wishes(metadata=True), brought)
    message = parsed(mail)
    assert names(mail) == ["fax-R0K3F9-incomplete.pdf", "fax-R0K3F9-incomplete.xml"]
    assert "incomplete" in message["Subject"]
    assert b'complete="false"' in mail.load.metadata[1]
    assert b"\\(incomplete\\)" in mail.load.files[0].content  # the title of the PDF


@pytest.mark.parametrize("separate", [False, True])
@pytest.mark.parametrize("kind", FileFormat, ids=str)
@given(limit=st.integers(20_000, 400_000), metadata=st.booleans())
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_mail_is_larger_than_the_relay_takes(
    tiff: Path, kind: FileFormat, separate: bool, limit: int, metadata: bool
) -> None:
    found = mails(tiff, Wishes(kind, separate, metadata, limit))

    assert all(len(octets(mail, whom)) <= limit for mail in found for whom in mail.heads)
    assert [(mail.load.part, mail.load.parts) for mail in found] == [
        (number, len(found)) for number in range(1, len(found) + 1)
    ]
    carried, missing = pages_in(found), [mail.load.first_page for mail in found if not mail.load.files]
    assert sorted(carried + missing) == [1, 2, 3, 4, 5, 6]
    assert carried == sorted(carried)


def test_parts_name_their_pages(tiff: Path) -> None:
    found = mails(tiff, Wishes(metadata=True, limit=260_000))

    assert [names(mail)[0] for mail in found] == ["fax-R0K3F9-p001-004.pdf", "fax-R0K3F9-p005-006.pdf"]
    assert names(found[1])[1] == "fax-R0K3F9-part2.xml"


def test_a_page_too_large_for_any_mail_is_said_to_be_and_the_others_come(tiff: Path) -> None:
    found = mails(tiff, Wishes(metadata=True, limit=150_000))

    [without] = [mail for mail in found if not mail.load.files]
    body = parsed(without).get_body(("plain",))
    assert body is not None
    assert "Page 5 is not attached: as a file it is larger than 0.1 MB" in body.get_content()
    assert pages_in(found) == [1, 2, 3, 4, 6]


def test_the_facts_name_the_files_beside_them(tiff: Path) -> None:
    for mail in mails(tiff, Wishes(FileFormat.TIF_FAX, separate=True, metadata=True, limit=90_000)):
        facts = etree.fromstring(mail.load.metadata[1])
        SCHEMA_OF_FAX.assertValid(facts)
        files = [(file.get("name"), int(file.get("octets"))) for file in facts.iter("{*}file")]
        assert files == [(file.name, len(file.content)) for file in mail.load.files]
        assert facts.find("{*}delivery").get("part") == str(mail.load.part)


def test_made_twice_they_are_the_same(tiff: Path) -> None:
    wishes = Wishes(FileFormat.XPS, separate=False, metadata=True, limit=150_000)

    assert mails(tiff, wishes) == mails(tiff, wishes)


def test_what_is_no_fax_is_said_to_be_none(tmp_path: Path) -> None:
    (tmp_path / "fax.tif").write_bytes(b"II*\0")

    with pytest.raises(PageFileError):
        mails(tmp_path / "fax.tif", Wishes())
