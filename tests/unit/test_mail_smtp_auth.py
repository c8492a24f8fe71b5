from base64 import b64encode
from datetime import timedelta

import pytest

from gateway.mail.smtp_auth import Credentials, LockOut, ask_credentials
from gateway.mail.smtp_syntax import SyntaxRefusedError
from tests.fakes import FakeClock


def b64(text: str) -> str:
    return b64encode(text.encode()).decode()


class Script:
    """A client that gives these lines."""

    def __init__(self, *lines: str) -> None:
        self._lines = list(lines)
        self.asked: list[str] = []

    async def __call__(self, text: str) -> str:
        self.asked.append(text)
        return self._lines.pop(0)


async def test_plain_in_one_line_asks_nothing() -> None:
    script = Script()

    found = await ask_credentials(f"plain {b64(chr(0) + 'ann' + chr(0) + 'pässwort')}", script)

    assert found == Credentials("ann", "pässwort")
    assert script.asked == []


async def test_plain_may_name_the_same_identity_twice() -> None:
    assert (await ask_credentials("PLAIN", Script(b64("ann\0ann\0pw")))).user_name == "ann"


async def test_login_asks_for_both() -> None:
    script = Script(b64("ann"), b64("pw"))

    assert await ask_credentials("LOGIN", script) == Credentials("ann", "pw")
    assert len(script.asked) == 2


async def test_login_takes_the_name_at_once() -> None:
    assert await ask_credentials(f"LOGIN {b64('ann')}", Script(b64("pw"))) == Credentials("ann", "pw")


@pytest.mark.parametrize(
    ("argument", "lines", "code"),
    [
        ("CRAM-MD5", (), 504),
        ("PLAIN a b", (), 501),
        ("PLAIN", ("*",), 501),
        ("PLAIN", ("%%%",), 501),
        ("PLAIN ÄÖ", (), 501),
        ("PLAIN", (b64("ann\0pw"),), 501),
        ("PLAIN", (b64("bob\0ann\0pw"),), 501),
        ("PLAIN =", (), 501),
        ("PLAIN", (b64encode(b"\0\xff\0pw").decode(),), 501),
        ("LOGIN", (b64("ann"), "*"), 501),
    ],
)
async def test_broken_exchanges_are_refused(argument: str, lines: tuple[str, ...], code: int) -> None:
    with pytest.raises(SyntaxRefusedError) as caught:
        await ask_credentials(argument, Script(*lines))

    assert caught.value.reply.code == code


def test_an_address_is_locked_after_its_failures_and_free_again_later() -> None:
    clock, lock_out = FakeClock(), LockOut(failures=2, seconds=60)

    lock_out.failed("192.0.2.1", clock.now())
    assert not lock_out.holds("192.0.2.1", clock.now())
    lock_out.failed("192.0.2.1", clock.now())

    assert lock_out.holds("192.0.2.1", clock.now())
    assert not lock_out.holds("192.0.2.2", clock.now())
    assert not lock_out.holds("192.0.2.1", clock.now() + timedelta(seconds=61))


def test_a_flood_of_addresses_takes_no_more_room() -> None:
    clock, lock_out = FakeClock(), LockOut(failures=1, seconds=60)

    for number in range(10_001):
        lock_out.failed(f"10.0.{number // 256}.{number % 256}", clock.now())

    assert not lock_out.holds("10.0.0.0", clock.now())
    assert lock_out.holds("10.0.0.1", clock.now())
