"""The mail that tells of an alarm: who, what, and what to look at next; the same alarm makes the same mail."""

from email import message_from_bytes, policy

import pytest

from gateway.domain.alarms import Alarm, AlarmKind
from gateway.mail.alarm_letter import alarm_letter
from gateway.mail.notice_facts import Voice
from tests.filled_store import WALL

VOICE = Voice("Fax gateway", "fax@acme.example", "fax.acme.example")


@pytest.mark.parametrize("kind", list(AlarmKind))
def test_every_kind_has_words_of_its_own_and_a_next_step(kind: AlarmKind) -> None:
    content, message_id = alarm_letter(Alarm(kind, "17 of something"), VOICE, "admin@acme.example", "fax-1", WALL)

    message = message_from_bytes(content, policy=policy.default)
    text = message.get_body(("plain",)).get_content()
    assert message["To"] == "admin@acme.example"
    assert message["Subject"].startswith("Fax gateway: ")
    assert message["Message-ID"] == message_id
    assert "The fax gateway on fax-1 says: 17 of something." in text
    assert f"Alarm: {kind.value}" in text
    assert "What to do: " in text


def test_it_says_that_a_program_wrote_it_and_ends_its_lines_as_mail_does() -> None:
    content, _ = alarm_letter(Alarm(AlarmKind.DISK_LOW, "little"), VOICE, "admin@acme.example", "fax-1", WALL)

    assert b"\r\nAuto-Submitted: auto-generated\r\n" in content
    assert content.count(b"\n") == content.count(b"\r\n")
    assert content.isascii()


def test_the_same_alarm_makes_the_same_mail_and_another_machine_another() -> None:
    alarm = Alarm(AlarmKind.DISK_LOW, "little")
    first, second, other = (alarm_letter(alarm, VOICE, "a@acme.example", host, WALL) for host in ("one", "one", "two"))

    assert first == second
    assert first[1] != other[1]
