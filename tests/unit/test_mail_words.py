import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.mail.words import decode_octets, decode_words


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("plain text", "plain text"),
        ("=?iso-8859-1?Q?Gr=FC=DFe?=", "Grüße"),
        ("=?UTF-8?B?R3LDvMOfZQ==?=", "Grüße"),
        ("=?utf-8?q?a?= =?utf-8?q?b?=", "ab"),
        ("=?utf-8?q?a?= b", "a b"),
        ("=?utf-8?B?w7w=?= =?utf-8?B?w58?=", "üß"),
        ("=?utf-8?Q?=C3?= =?utf-8?Q?=BC?=", "ü"),
        ("=?utf-8*de?q?ja?=", "ja"),
        ("=?nonsense?q?x=FCy?=", "xüy"),
        ("=?utf-8?b?!!!?=", ""),
        ("a\r\n b\0c\x1b[31m", "a b c [31m"),
        ("raw \udcc3\udcbc", "raw ü"),
        ("raw \udcfc", "raw ü"),
        ("=?utf-8?q?=0D=0ABcc:?= x", "Bcc: x"),
    ],
)
def test_words_become_text(value: str, expected: str) -> None:
    assert decode_words(value) == expected


@pytest.mark.parametrize(
    ("octets", "charset", "expected"),
    [(b"\xfc", "latin-1", "ü"), (b"\xc3\xbc", "", "ü"), (b"\xfc", "us-ascii", "ü"), (b"\x80", "nonsense", "€")],
)
def test_octets_become_text(octets: bytes, charset: str, expected: str) -> None:
    assert decode_octets(octets, charset) == expected


@settings(deadline=None)  # the machine may be busy
@given(st.text(max_size=80), st.sampled_from(["utf-8", "utf-7", "idna", "rot13", "hex", "undefined", "x" * 30]))
def test_nothing_raises_and_all_is_one_printable_line(text: str, charset: str) -> None:
    decoded = decode_words(f"{text}=?{charset}?q?{text}=FF?=")

    assert decoded.isprintable()
