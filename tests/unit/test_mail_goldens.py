"""The mails of tests/golden/mail_*.txt, whole: headers, text, the parts for programs."""

import pytest

from tests.golden_mails import FOLDER, MAILS, written


@pytest.mark.parametrize("name", MAILS)
def test_mails_are_written_as_the_golden_ones(name: str) -> None:
    expected = (FOLDER / f"mail_{name}.txt").read_text(encoding="utf-8")

    assert written(MAILS[name]()) == expected, "when it is meant: python -m tests.golden_mails"


def test_no_golden_mail_is_left_over() -> None:
    assert {file.stem for file in FOLDER.glob("mail_*.txt")} == {f"mail_{name}" for name in MAILS}
