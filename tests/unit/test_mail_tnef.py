"""winmail.dat: streams as Outlook writes them, real ones, and broken ones."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.mail.lzfu import unpacked_rtf
from gateway.mail.mime import MailError
from gateway.mail.tnef import read_tnef
from tests import tnef_streams as made

RTF = rb"{\rtf1\ansi\pard Dear all, see the plan.\par}"
UTF16 = "utf-16-le"


def test_names_types_and_contents_of_attachments_are_read() -> None:
    typed = (0x1E, 0x370E, b"application/pdf\0")

    [one, other] = read_tnef(
        made.stream(made.attached("Angebot März.pdf", b"%PDF", typed), made.attached("x.txt", b"y"))
    ).attachments

    assert (one.name, one.media_type, one.content) == ("Angebot März.pdf", "application/pdf", b"%PDF")
    assert (other.name, other.media_type, other.content, other.is_object) == ("x.txt", "", b"y", False)


def test_plain_text_comes_before_html_and_rtf() -> None:
    html, rtf = (0x102, 0x1013, b"<p>rich</p>"), (0x102, 0x1009, made.literal_rtf(RTF))
    plain = (0x1F, 0x1000, "Grüße".encode(UTF16))

    def body(*values: made.Property) -> tuple[str, bytes]:
        found = read_tnef(made.stream(made.attribute(made.PROPERTIES, made.properties(*values))))
        return found.body_type, found.body

    assert body(plain, html, rtf) == ("text/plain", "Grüße".encode())
    assert body(html, rtf) == ("text/html", b"<p>rich</p>")
    assert body(rtf) == ("application/rtf", RTF)


def test_old_streams_have_their_text_in_the_code_page_they_name() -> None:
    page = made.attribute(made.CODE_PAGE, struct.pack("<II", 1251, 0))

    found = read_tnef(made.stream(page, made.attribute(made.BODY, "Привет, Иван!\0".encode("cp1251"))))

    assert found.body.decode() == "Привет, Иван!"


def test_the_heading_is_as_in_a_mail() -> None:
    values = made.properties(
        (0x1F, 0x0037, "Plan".encode(UTF16)),
        (0x1F, 0x0C1A, "Anna".encode(UTF16)),
        (0x1F, 0x0C1F, "anna@acme.example".encode(UTF16)),
        (0x1F, 0x0E04, "Bob".encode(UTF16)),
        (0x40, 0x0039, (126_784_736_000_000_000).to_bytes(8, "little")),
        (0x1F, 0x8001, "named".encode(UTF16)),
        (0x1002, 0x1234, struct.pack("<Ihxxhxx", 2, 1, 2)),
    )

    heading = dict(read_tnef(made.stream(made.attribute(made.PROPERTIES, values))).heading)

    assert heading == {
        "From": "Anna <anna@acme.example>",
        "To": "Bob",
        "Date": "Mon, 07 Oct 2002 14:13:20 +0000",
        "Subject": "Plan",
    }


def test_rtf_that_says_nothing_is_no_text() -> None:
    empty = made.literal_rtf(rb"{\rtf1\ansi{\fonttbl{\f0 Arial;}}\viewkind4\pard\f0\fs20\par }")

    found = read_tnef(made.stream(made.attribute(made.PROPERTIES, made.properties((0x102, 0x1009, empty)))))

    assert found.body == b""


def test_attached_mails_and_objects_are_told_apart() -> None:
    inner = made.stream(made.attribute(made.BODY, b"hello\0"))

    [mail, thing] = read_tnef(
        made.stream(made.enclosed("fwd", inner), made.enclosed("Picture", b"ole", made.STORAGE_IDENTITY))
    ).attachments

    assert mail.mail is not None
    assert (mail.is_object, mail.mail().body) == (False, b"hello")
    assert (thing.mail, thing.is_object, thing.content) == (None, True, b"ole")


def test_rubbish_behind_the_end_is_not_looked_at() -> None:
    assert len(read_tnef(made.stream(made.attached("a", b"b")) + b"\0\0 rubbish").attachments) == 1


@pytest.mark.parametrize("content", [b"", b"\x78\x9f\x3e\x22", b"%PDF-1.4 and more", made.stream(b"\1" + b"\xff" * 8)])
def test_a_broken_stream_is_damaged(content: bytes) -> None:
    with pytest.raises(MailError, match="damaged"):
        read_tnef(content)


def test_every_cut_ends_orderly() -> None:
    whole = made.stream(
        made.attribute(made.PROPERTIES, made.properties((0x102, 0x1009, made.literal_rtf(RTF)))),
        made.attached("a.pdf", b"%PDF"),
    )
    for end in range(len(whole)):
        try:
            read_tnef(whole[:end])
        except MailError:
            continue


@given(st.binary(max_size=200), st.integers(0, 400), st.integers(0, 255))
def test_no_octets_raise_anything_but_a_mail_error(noise: bytes, place: int, value: int) -> None:
    whole = bytearray(made.stream(made.attribute(made.PROPERTIES, made.properties((0x1F, 0x37, b"a\0"))), noise))
    whole[place % len(whole)] = value
    try:
        read_tnef(bytes(whole))
    except MailError:
        return


# Compressed RTF: the examples of [MS-OXRTFCP] 3.1.


def test_the_example_of_the_specification() -> None:
    packed = bytes.fromhex(
        "2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c090020627705b06c647d0a800fa0"
    )

    assert unpacked_rtf(packed) == b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"


def test_the_example_that_reads_while_it_writes() -> None:
    packed = bytes.fromhex("1a0000001c0000004c5a4675e2d44b51410004205758595a0d6e7d010eb0")

    assert unpacked_rtf(packed) == b"{\\rtf1 WXYZWXYZWXYZWXYZWXYZ}"


def test_rtf_that_is_not_compressed() -> None:
    assert unpacked_rtf(struct.pack("<4I", 0, 3, 0x414C454D, 0) + b"abcd") == b"abc"


@pytest.mark.parametrize("packed", [b"", b"x" * 40, struct.pack("<4I", 9, 1 << 30, 0x75465A4C, 0)])
def test_what_is_no_compressed_rtf_is_refused(packed: bytes) -> None:
    with pytest.raises(ValueError, match="no compressed RTF"):
        unpacked_rtf(packed)


@given(st.binary(max_size=300))
def test_literals_come_back(rtf: bytes) -> None:
    assert unpacked_rtf(made.literal_rtf(rtf)) == rtf


@given(st.binary(max_size=300), st.integers(0, 5000))
def test_any_references_end(noise: bytes, size: int) -> None:
    assert len(unpacked_rtf(struct.pack("<4I", 0, size, 0x75465A4C, 0) + noise)) <= size
