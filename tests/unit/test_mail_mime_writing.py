"""MIME on the wire: Python's own parser reads back what was written, and nothing slips into a header."""

from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.mail.mime_writing import LINE_OCTETS, Part, attachment, blocks, multipart, text
from gateway.mail.notice_facts import Voice
from gateway.mail.trial_letter import trial_letter

WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"), max_size=400)
VALUES = st.text(
    st.characters(min_codepoint=32, max_codepoint=0x2FFF, exclude_categories=("Cc", "Cs", "Zl", "Zp", "Cf"))
)


def parsed(part: Part, *fields: tuple[str, str]) -> EmailMessage:
    octets = part.octets(("MIME-Version", "1.0"), after=fields)
    message = message_from_bytes(octets, policy=policy.default)
    assert isinstance(message, EmailMessage)
    assert octets.count(b"\n") == octets.count(b"\r\n")
    assert max(map(len, octets.split(b"\r\n"))) <= 998
    return message


@given(WORDS)
def test_a_text_is_read_as_it_was_written(words: str) -> None:
    found = parsed(text(words, "plain")).get_content().replace("\r\n", "\n")

    assert found == (words if words.endswith("\n") else f"{words}\n")


def test_long_lines_and_lone_dots_are_safe_on_the_wire() -> None:
    octets = text("x" * 2000 + "\n.\nFrom here\n", "plain").body

    assert max(map(len, octets.split(b"\r\n"))) <= 76
    assert b"\r\n.\r\n" not in octets


@given(st.binary(max_size=500))
def test_a_file_is_read_as_it_was_written(content: bytes) -> None:
    found = parsed(attachment(content, "application/pdf", "fax.pdf"))

    assert found.get_content() == content
    assert (found.get_content_type(), found.get_filename()) == ("application/pdf", "fax.pdf")


@given(VALUES)
def test_a_field_is_read_as_it_was_written(value: str) -> None:
    found = parsed(text("hello", "plain"), ("Subject", value))

    assert " ".join(str(found["Subject"]).split()) == " ".join(value.split())


def test_an_address_of_other_letters_stands_as_it_is() -> None:
    octets = text("hello", "plain").octets(("To", "müller@bücher.example"), ("Subject", "Grüße"))

    assert octets.startswith("To: müller@xn--bcher-kva.example\r\nSubject: =?utf-8?".encode())


@pytest.mark.parametrize(
    ("recipient", "line"),
    [
        ("müller@bücher.example", "To: müller@xn--bcher-kva.example"),
        ("jo@bücher.example", "To: jo@xn--bcher-kva.example"),
    ],
)
def test_a_trial_of_an_archive_is_written_to_it_the_same_way(recipient: str, line: str) -> None:
    octets = trial_letter(Voice("Fax", "fax@fax.example", "fax.example"), recipient, datetime.now(UTC))

    assert octets.split(b"\r\n")[1] == line.encode()


@pytest.mark.parametrize("value", ["a\r\nBcc: b@x.example", "a\nBcc: b@x.example", "a\rb"])
def test_a_line_end_in_a_field_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="linefeed or carriage return"):
        text("hello", "plain").octets(("Subject", value))


def test_long_fields_are_folded_and_short_ones_are_not() -> None:
    short, long = "x " * 90, "x " * 300

    assert f"Subject: {short}\r\n".encode() in text("", "plain").octets(("Subject", short))
    folded = text("", "plain").octets(("Subject", long)).split(b"\r\nContent-Type")[0]
    assert max(map(len, folded.split(b"\r\n"))) <= LINE_OCTETS


def test_parts_of_one_whole_are_found_in_order() -> None:
    inner = multipart("alternative", "=_a", (text("hello", "plain"), text("<p>hello</p>", "html")))
    found = parsed(multipart("mixed", "=_m", (inner, attachment(b"{}", "application/json", "notice.json"))))

    assert [part.get_content_type() for part in found.walk()] == [
        "multipart/mixed", "multipart/alternative", "text/plain", "text/html", "application/json",
    ]  # fmt: skip
    assert found.get_body(("plain",)).get_content() == "hello\r\n"  # type: ignore[union-attr]
    assert not found.defects


def test_groups_of_fields_are_blocks() -> None:
    found = parsed(blocks("message/delivery-status", [[("Reporting-MTA", "dns; fax")], [("Status", "5.1.1")]]))

    assert [dict(block.items()) for block in found.get_payload()] == [  # type: ignore[union-attr]
        {"Reporting-MTA": "dns; fax"}, {"Status": "5.1.1"},
    ]  # fmt: skip
