from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.mail.smtp_data import DotDecoder, HeaderWatch, bare_fault, header_end

ODD = st.lists(st.sampled_from([b"\r\n", b"\r", b"\n", b".", b"..", b"a", b"\0", b"\r\n.", b"\r\n..\r\n"]), max_size=40)


def stuffed(content: bytes) -> bytes:
    """What an honest client sends for content that ends in CRLF (RFC 5321 4.5.2)."""
    return (b"\r\n" + content).replace(b"\r\n.", b"\r\n..")[2:] + b".\r\n"


def decoded(stream: bytes, cuts: list[int]) -> tuple[bytes, DotDecoder]:
    decoder = DotDecoder()
    edges = sorted({0, len(stream), *(cut % (len(stream) + 1) for cut in cuts)})
    content = b""
    for start, end in pairwise(edges):
        if not decoder.done:
            content += decoder.feed(stream[start:end])
        else:
            decoder.rest += stream[start:end]
    return content, decoder


@settings(deadline=None)  # the machine may be busy
@given(ODD.map(b"".join), st.lists(st.integers(0, 10_000), max_size=10), st.binary(max_size=20))
def test_any_content_survives_any_cutting(text: bytes, cuts: list[int], behind: bytes) -> None:
    content = text + b"\r\n"

    seen, decoder = decoded(stuffed(content) + behind, cuts)

    assert decoder.done
    assert seen == content
    assert decoder.rest == behind


@settings(deadline=None)  # the machine may be busy
@given(ODD.map(b"".join))
def test_octet_by_octet_is_the_same_as_at_once(text: bytes) -> None:
    stream = stuffed(text + b"\r\n")

    assert decoded(stream, list(range(len(stream))))[0] == decoded(stream, [])[0]


def test_an_empty_text_is_a_lone_dot() -> None:
    content, decoder = decoded(b".\r\nQUIT\r\n", [])

    assert (content, decoder.done, decoder.rest) == (b"", True, b"QUIT\r\n")


@pytest.mark.parametrize(
    "mark",
    [
        b"\n.\n", b"\n.\r\n", b"\r.\r\n", b"\r\n.\n", b"\r\n.\r", b"\r.\r", b"\r.\n", b"\n.\r", b"\0\n.\r\n",
        b"\r\n.\0\r\n", b"\r\r\n.\n", b"\n\r.\r\n", b"\x85.\x85", b"\r\n\x00.\r\n", b"\r\n. \r\n", b"\n\n.\r\n",
    ],
)  # fmt: skip
def test_nothing_but_crlf_dot_crlf_ends_the_text(mark: bytes) -> None:
    content, decoder = decoded(b"x" + mark + b"MAIL FROM:<evil@x>", [])

    assert not decoder.done
    assert b"MAIL FROM" in content


def test_a_cr_before_the_end_mark_does_not_hide_it() -> None:
    content, decoder = decoded(b"x\r\r\n.\r\n", [])

    assert decoder.done
    assert content == b"x\r\r\n"


def test_the_header_block_ends_behind_its_last_line() -> None:
    assert header_end(b"A: b\r\n\r\nbody") == 6
    assert header_end(b"\r\nbody") == 0
    assert header_end(b"A: b\r\n") is None


@pytest.mark.parametrize("bad", [b"\r", b"\n", b"\0", b"\n\n", b"\r\r\n"])
def test_bare_cr_lf_and_nul_are_refused_in_the_header(bad: bytes) -> None:
    watch = HeaderWatch(1000, 100)

    watch.feed(b"From: a@b\r\nX: 1" + bad + b"2\r\n\r\nbody")

    assert watch.fault is not None
    assert str(watch.fault.reply).startswith("554 5.6.0")


def test_bare_line_ends_in_the_body_are_kept() -> None:
    watch = HeaderWatch(1000, 100)

    watch.feed(b"From: a@b\r\n\r")
    watch.feed(b"\nbody\nwith\rbare\0ones")
    watch.finish()

    assert watch.fault is None


def test_a_text_without_an_empty_line_is_all_header() -> None:
    watch = HeaderWatch(1000, 100)

    watch.feed(b"From: a@b\nX: y\r\n")
    watch.finish()

    assert watch.fault is not None


@pytest.mark.parametrize(("length", "fits"), [(1000, True), (1010, False)])
def test_the_header_is_bounded(length: int, fits: bool) -> None:
    watch = HeaderWatch(1000, 100)

    for octet in b"X: " + b"y" * (length - 7) + b"\r\n\r\n" + b"body" * 10:
        watch.feed(bytes([octet]))

    assert (watch.fault is None) is fits
    assert fits or (watch.fault is not None and watch.fault.reply.code == 552)


def test_a_clean_header_has_no_fault() -> None:
    assert bare_fault(b"A: b\r\n c\r\n") is None
