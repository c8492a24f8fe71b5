"""Blocked numbers: the refusal, and reading lists as people keep them."""

import pytest

from gateway.domain.addresses import Destination
from gateway.domain.blocks import BadLine, read_list, read_number, refuse_blocked
from gateway.domain.errors import RefusedError
from gateway.domain.numbers import NumberPlan

US, NONE = NumberPlan("US"), NumberPlan("")
ONE = "+12025550142"


def test_a_blocked_number_is_refused_for_good_with_words_for_its_sender() -> None:
    with pytest.raises(RefusedError, match="is blocked by your company") as caught:
        refuse_blocked(Destination(ONE), {ONE})

    assert (caught.value.reply.code, caught.value.reply.enhanced) == (550, "5.7.1")


def test_other_numbers_are_not() -> None:
    refuse_blocked(Destination("+12025550143"), frozenset({ONE}))


@pytest.mark.parametrize("text", ["+1 (202) 555-0142", "202 555 0142", "1/202/555.0142", " +12025550142 "])
def test_numbers_are_read_as_people_write_them(text: str) -> None:
    assert read_number(text, US).number == ONE


@pytest.mark.parametrize("text", ["", "abc", "555", "+999999999999999"])
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(RefusedError):
        read_number(text, NONE)


def test_a_list_may_have_a_heading_comments_notes_and_empty_lines() -> None:
    lines = ["\ufeffnumber,note\n", "# asked us to stop\n", "\n", f'"{ONE}","Dr. Li, Boston"\n', "202-555-0143;wrong\n"]

    assert list(read_list(lines, US)) == [(ONE, "Dr. Li, Boston"), ("+12025550143", "wrong")]


def test_a_line_that_is_no_number_is_told_with_its_place() -> None:
    found = list(read_list([ONE, "nonsense", "12"], US))

    assert [line.line for line in found if isinstance(line, BadLine)] == [2, 3]
    assert "is not a fax number" in found[1].reason  # type: ignore[union-attr]
