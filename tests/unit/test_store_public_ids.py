import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.store.public_ids import ALPHABET, LENGTH, job_number, public_id, received_id, received_number

numbers = st.integers(0, 2**40 - 1)


@given(numbers)
def test_an_id_leads_back_to_its_number(number: int) -> None:
    text = public_id(number)

    assert len(text) == LENGTH
    assert set(text) <= set(ALPHABET)
    assert job_number(text) == number


def test_ids_are_unique() -> None:
    assert len({public_id(number) for number in range(20_000)}) == 20_000


def test_neighbours_look_nothing_alike() -> None:
    pairs = [(public_id(number), public_id(number + 1)) for number in range(500)]

    alike = [sum(a == b for a, b in zip(*pair, strict=True)) for pair in pairs]
    assert max(alike) <= 4


@given(numbers)
def test_an_id_is_read_however_people_type_it(number: int) -> None:
    text = public_id(number)
    sloppy = f" {text[:4].lower()}-{text[4:].lower()} ".replace("0", "o").replace("1", "l")

    assert job_number(sloppy) == number


@pytest.mark.parametrize("text", ["", "123", "123456789", "ABCDEFGU", "ABC*EFGH", "ＡBCDEFGH"])  # noqa: RUF001
def test_what_is_no_id_leads_nowhere(text: str) -> None:
    assert job_number(text) is None


@given(numbers)
def test_the_id_of_a_received_fax_leads_back_too_and_is_no_job_s(number: int) -> None:
    text = received_id(number)

    assert received_number(f" {text.lower()} ") == number
    assert job_number(text) is None
    assert received_number(text.replace("-", "")) == number
    assert received_number(f"R-{text.removeprefix('IN-')}") is None
