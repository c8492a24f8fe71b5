"""Where a text ends and what its dots mean, whatever pieces it comes in (RFC 5321 4.5.2)."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.mail.smtp_data import FEW_DOTS, DotDecoder

# What matters stands close together; the rest of an alphabet would hide it.
texts = st.text("\r\n.x", max_size=60).map(str.encode) | st.lists(
    st.sampled_from((b"\r\n", b".", b"..", b"\n.", b"line. of. text", b"\r\n..", b"\r\n.x")), max_size=80
).map(b"".join)


def decoded(text: bytes, cuts: list[int]) -> tuple[bytes, bytes, bool]:
    """The content, what came behind the end, and whether there was one."""
    decoder, content, start = DotDecoder(), b"", 0
    for cut in sorted({min(cut, len(text)) for cut in [*cuts, len(text)]}):
        if not decoder.done:
            content += decoder.feed(text[start:cut])
            start = cut
    return content, decoder.rest + text[start:], decoder.done


def expected(text: bytes) -> bytes:
    """By the letter of the standard, of a text that has ended."""
    return re.sub(rb"\r\n\.", b"\r\n", b"\r\n" + text)[2:]


@given(texts, st.lists(st.integers(0, 120), max_size=8))
def test_a_text_is_the_same_in_any_pieces(text: bytes, cuts: list[int]) -> None:
    whole = b"\r\n" + text + b"\r\n.\r\n"
    end = whole.index(b"\r\n.\r\n")

    content, rest, done = decoded(text + b"\r\n.\r\nQUIT\r\n", cuts)

    assert done
    assert content == expected(whole[2 : end + 2])
    assert rest == (whole + b"QUIT\r\n")[end + 5 :]


@pytest.mark.parametrize("dots", [0, 1, FEW_DOTS - 1, FEW_DOTS, FEW_DOTS + 1, 5 * FEW_DOTS])
@pytest.mark.parametrize("stuffed", [b"..", b".x", b""])
def test_many_dots_hide_no_stuffed_one(dots: int, stuffed: bytes) -> None:
    text = b"a." * dots + b"\r\n" + stuffed + b"\r\n"

    content, _, done = decoded(text + b".\r\n", [])

    assert done
    assert content == b"a." * dots + b"\r\n" + stuffed[stuffed.startswith(b".") :] + b"\r\n"


def test_a_text_may_end_at_once() -> None:
    assert decoded(b".\r\n", []) == (b"", b"", True)
