"""Canonical forms: the examples of RFC 6376, and dkimpy's own forms for whatever chance makes."""

import hashlib
import io
import re
import time
import tracemalloc
from collections.abc import Iterator
from itertools import pairwise

import pytest
from dkim.canonicalization import Relaxed, Simple
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.mail.proof.canonical import (
    BodyHash,
    Canonicalization,
    Field,
    hash_body,
    relaxed_value,
    select_fields,
    split_fields,
)

SIMPLE, RELAXED = Canonicalization.SIMPLE, Canonicalization.RELAXED
REFERENCE = {SIMPLE: Simple, RELAXED: Relaxed}
FORMS = pytest.mark.parametrize("form", [SIMPLE, RELAXED])
OCTETS = st.sampled_from(
    [b" ", b"\t", b"\r", b"\n", b"\r\n", b"a", b"\xff", b"\x00", b"   ", b"\r\n\r\n", b" \r\n", b"word"]
)
BODIES = st.lists(OCTETS, max_size=30).map(b"".join)


def sha256(octets: bytes) -> bytes:
    return hashlib.sha256(octets).digest()


def hashed(body: bytes, form: Canonicalization, cuts: tuple[int, ...] = ()) -> bytes:
    """The hash of a body fed in pieces that end at `cuts`."""
    body_hash = BodyHash(form)
    edges = [0, *sorted(cut % (len(body) + 1) for cut in cuts), len(body)]
    for start, end in pairwise(edges):
        body_hash.update(body[start:end])
    return body_hash.digest()


@pytest.mark.parametrize(
    ("body", "simple", "relaxed"),
    [
        (b" C \r\nD \t E\r\n\r\n\r\n", b" C \r\nD \t E\r\n", b" C\r\nD E\r\n"),  # RFC 6376 3.4.5, example 1
        (b"", b"\r\n", b""),  # 3.4.3, 3.4.4
        (b"\r\n", b"\r\n", b""),
        (b"\r\n\r\n\r\n", b"\r\n", b""),
        (b" \t\r\n \r\n", b" \t\r\n \r\n", b""),
        (b"a", b"a\r\n", b"a\r\n"),
        (b"a\r\nb\r\n", b"a\r\nb\r\n", b"a\r\nb\r\n"),
        (b"\r\n\r\na\r\n", b"\r\n\r\na\r\n", b"\r\n\r\na\r\n"),
        (b"a\nb\n\n", b"a\r\nb\r\n", b"a\r\nb\r\n"),
        (b"a\r\rb\r\r\n\r\n", b"a\r\rb\r\r\n", b"a\r\rb\r\r\n"),
        (b"a \r", b"a \r\r\n", b"a \r\r\n"),
    ],
)
def test_bodies_in_both_forms(body: bytes, simple: bytes, relaxed: bytes) -> None:
    assert hashed(body, SIMPLE) == sha256(simple)
    assert hashed(body, RELAXED) == sha256(relaxed)


@FORMS
@given(body=BODIES, cuts=st.lists(st.integers(0, 200), max_size=6).map(tuple))
@example(body=b"a \r\n \r\n\r", cuts=(2, 3, 5, 6))
def test_a_body_hashes_as_dkimpy_has_it_however_it_is_cut(
    form: Canonicalization, body: bytes, cuts: tuple[int, ...]
) -> None:
    lines = b"\r\n".join(re.split(b"\r?\n", body))  # as dkimpy takes a mail apart

    assert hashed(body, form, cuts) == sha256(REFERENCE[form].canonicalize_body(lines))


@FORMS
@given(body=st.binary(max_size=200))
def test_a_body_octet_by_octet_is_the_same_body(form: Canonicalization, body: bytes) -> None:
    assert hashed(body, form, tuple(range(len(body)))) == hashed(body, form)


@FORMS
def test_a_file_is_hashed_from_where_it_stands(form: Canonicalization) -> None:
    text = b"line of some words\r\n" * 20_000
    file = io.BytesIO(b"header\r\n\r\n" + text)
    file.seek(10)

    assert hash_body(file, form) == sha256(text)


def repeated(octets: bytes, size: int) -> Iterator[bytes]:
    piece = octets * (65536 // len(octets))
    return (piece for _ in range(size // 65536))


@FORMS
@pytest.mark.parametrize("octets", [b"\r\n", b"  ", b" \t", b" \r\n", b"\r", b"\n", b"\r\r\n\n", b"a "])
def test_monotonous_bodies_cost_neither_time_nor_memory(form: Canonicalization, octets: bytes) -> None:
    body_hash = BodyHash(form)
    tracemalloc.start()
    began = time.process_time()
    for piece in repeated(octets, 2**23):
        body_hash.update(piece)
    body_hash.update(b"x")
    body_hash.digest()
    spent, (_now, peak) = time.process_time() - began, tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 2_000_000
    assert spent < 5  # seconds; forms in quadratic time need minutes


def test_a_header_block_falls_into_fields() -> None:
    fields = split_fields(b"From: a\r\nSUBJECT \t: b\r\n\tc\r\n d\r\nX:\r\n")

    assert fields == (Field("from", b"From: a"), Field("subject", b"SUBJECT \t: b\r\n\tc\r\n d"), Field("x", b"X:"))
    assert split_fields(b"") == ()


@pytest.mark.parametrize(
    "block", [b"nothing\r\n", b" From: a\r\n", b": a\r\n", b"a b: c\r\n", b"\xff: c\r\n", b"A: b\r\n\r\n"]
)
def test_a_line_that_is_no_field_spoils_the_block(block: bytes) -> None:
    assert split_fields(block) is None


@pytest.mark.parametrize(
    ("raw", "relaxed"),
    [
        (b"A: X", b"a:X"),  # RFC 6376 3.4.5
        (b"B : Y\t\r\n\tZ  ", b"b:Y Z"),
        (b"SUBJect: \t \r\n ", b"subject:"),
        (b"x:a:b \t c", b"x:a:b c"),
        (b"x: \x0ba\x0c ", b"x:\x0ba\x0c"),  # only blanks and tabs are white
    ],
)
def test_fields_in_both_forms(raw: bytes, relaxed: bytes) -> None:
    (field,) = split_fields(raw + b"\r\n") or ()

    assert field.canonical(SIMPLE) == raw
    assert field.canonical(RELAXED) == relaxed


@given(st.lists(st.sampled_from([b" ", b"\t", b"a", b":", b"\r\n ", b"\r\n\t", b"\xe4"]), max_size=20).map(b"".join))
def test_a_relaxed_value_is_what_dkimpy_has(value: bytes) -> None:
    ((_name, expected),) = Relaxed.canonicalize_headers([(b"x", value + b"\r\n")])

    assert relaxed_value(value) + b"\r\n" == expected


def test_a_long_run_of_blanks_in_a_field_takes_no_time() -> None:
    began = time.process_time()

    assert relaxed_value(b"a" + b" \t" * 200_000 + b"b") == b"a b"
    assert time.process_time() - began < 1


def test_fields_are_signed_from_the_lowest_up_and_absent_ones_are_nothing() -> None:
    fields = [Field("x", b"X: 1"), Field("y", b"Y: 2"), Field("x", b"X: 3")]

    assert [one.raw for one in select_fields(fields, ("x", "z", "x", "x", "y"))] == [b"X: 3", b"X: 1", b"Y: 2"]
    assert select_fields(fields, ()) == ()
