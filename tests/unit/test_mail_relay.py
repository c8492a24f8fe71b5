import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.errors import UnavailableError
from gateway.mail.relay import EXPIRY, Mail, Relay, RelaySettings, Sent, delay_after, next_try
from samples.demo import free_port
from tests.fakes import SinkRelay

MESSAGE = b"Subject: x\n\n.dot\nbare\rcr\n"


def relay_to(port: int, **settings: object) -> Relay:
    return Relay(RelaySettings("127.0.0.1", port, "fax.example", timeout=10, **settings))  # type: ignore[arg-type]


async def test_a_mail_is_sent_with_the_null_return_path() -> None:
    async with SinkRelay() as sink:
        sent = await relay_to(sink.port).send("ann@corp.example", MESSAGE)

    assert sent.done
    assert (sink.mails[0].mail_from, sink.mails[0].recipients) == ("", ("ann@corp.example",))
    assert sink.mails[0].content == b"Subject: x\r\n\r\n.dot\r\nbare\r\ncr\r\n"


async def test_a_domain_of_other_letters_needs_no_relay_that_knows_them() -> None:
    async with SinkRelay() as sink:
        await relay_to(sink.port).send("ann@bücher.example", MESSAGE)

    assert sink.mails[0].recipients == ("ann@xn--bcher-kva.example",)


async def test_an_address_of_other_letters_goes_by_smtputf8() -> None:
    async with SinkRelay(enable_SMTPUTF8=True) as sink:
        [sent, plain] = await relay_to(sink.port).send_all(
            [Mail("müller@bücher.example", "To: müller@bücher.example\n\nhi\n".encode()), Mail("a@b.example", MESSAGE)]
        )

    assert (sent.done, plain.done) == (True, True)
    assert sink.mails[0].recipients == ("müller@xn--bcher-kva.example",)
    assert sink.options == [["BODY=8BITMIME", "SMTPUTF8"], []]


async def test_a_relay_without_smtputf8_is_named_as_the_cause() -> None:
    async with SinkRelay() as sink:
        [sent, plain] = await relay_to(sink.port).send_all(
            [Mail("müller@acme.example", MESSAGE), Mail("a@b.example", MESSAGE)]
        )

    assert (sent.final, plain.done) == (True, True)
    assert "the relay does not offer SMTPUTF8" in sent.reply
    assert len(sink.mails) == 1


async def test_a_bounce_address_may_stand_in_for_the_null_sender() -> None:
    async with SinkRelay() as sink:
        await relay_to(sink.port, mail_from="bounces@fax.example").send("ann@corp.example", MESSAGE)

    assert sink.mails[0].mail_from == "bounces@fax.example"


async def test_a_burst_takes_one_connection_and_each_mail_has_its_result() -> None:
    def refuse(recipient: str) -> str | None:
        return {"gone@x.example": "550 5.1.1 no such user", "full@x.example": "452 4.2.2 full"}.get(recipient)

    async with SinkRelay(refuse) as sink:
        names = ("ann@x.example", "gone@x.example", "full@x.example", "bob@x.example")
        results = await relay_to(sink.port).send_all([Mail(name, MESSAGE) for name in names])

    assert [(sent.done, sent.final, sent.code) for sent in results] == [
        (True, False, 250),
        (False, True, 550),
        (False, False, 452),
        (True, False, 250),
    ]
    assert all(sent.reached for sent in results)
    assert "no such user" in results[1].reply
    assert sink.connections == 1


@pytest.mark.parametrize(("reply", "final"), [("554 5.6.0 spam", True), ("451 4.3.0 later", False)])
async def test_a_text_that_is_refused_is_no_fault_of_the_next(reply: str, final: bool) -> None:
    async with SinkRelay() as sink:
        sink.data_reply = reply
        results = await relay_to(sink.port).send_all([Mail("a@x.example", MESSAGE)] * 2)

    assert [(sent.reached, sent.done, sent.final) for sent in results] == [(True, False, final)] * 2


async def test_a_relay_that_goes_away_holds_what_is_left() -> None:
    async with SinkRelay(lambda name: "421 4.3.2 closing" if name.startswith("b") else None) as sink:
        mails = [Mail(f"{letter}@x.example", MESSAGE) for letter in "abc"]
        results = await relay_to(sink.port).send_all(mails)

    assert [sent.reached for sent in results] == [True, False, False]
    assert results[0].done
    assert not any(sent.final for sent in results[1:])


async def test_a_relay_that_is_not_there_burns_no_try() -> None:
    async with SinkRelay() as sink:
        port = sink.port

    results = await relay_to(port).send_all([Mail("a@x.example", MESSAGE)] * 3)

    assert results == [results[0]] * 3
    assert (results[0].reached, results[0].done, results[0].final) == (False, False, False)
    assert "not reached" in results[0].reply


async def test_an_address_that_cannot_be_sent_is_dead() -> None:
    async with SinkRelay() as sink:
        sent = await relay_to(sink.port).send("a@x.example>\r\nDATA", MESSAGE)

    assert sent.final
    assert sink.mails == []


async def test_a_password_is_never_sent_in_the_clear() -> None:
    async with SinkRelay(auth_require_tls=False) as sink:
        sent = await relay_to(sink.port, user_name="gw", password="secret").send("a@x.example", MESSAGE)

    assert not sent.reached
    assert sink.mails == []


@pytest.mark.parametrize("implicit", [False, True])
@pytest.mark.parametrize(("password", "reached"), [("secret", True), ("wrong", False)])
async def test_signing_in_over_tls(tmp_path: Path, password: str, reached: bool, implicit: bool) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    bundle = str(tmp_path / "ca.pem")

    async with SinkRelay.with_tls(authority, {"gw": "secret"}, implicit) as sink:
        relay = relay_to(sink.port, user_name="gw", password=password, ca_bundle=bundle, implicit_tls=implicit)
        sent = await relay.send("a@x.example", MESSAGE)

    assert (sent.reached, sent.done) == (reached, reached)
    assert len(sink.mails) == int(reached)


async def test_a_certificate_of_nobody_is_not_trusted() -> None:
    async with SinkRelay.with_tls(trustme.CA(), {}) as sink:
        sent = await relay_to(sink.port, start_tls=True).send("a@x.example", MESSAGE)

    assert not sent.reached


@pytest.mark.parametrize(
    ("tries", "minutes"), [(1, 1), (2, 5), (3, 15), (4, 30), (5, 60), (6, 120), (7, 240), (8, 240), (50, 240)]
)
def test_the_waits_grow_as_the_table_says(tries: int, minutes: int) -> None:
    assert delay_after(tries, 0.5) == timedelta(minutes=minutes)


@given(st.integers(1, 1000), st.floats(0, 1), st.timedeltas(timedelta(0), timedelta(days=3)))
def test_waits_are_spread_by_a_fifth_and_end_after_two_days(tries: int, chance: float, age: timedelta) -> None:
    middle = delay_after(tries, 0.5)
    wait = next_try(age, tries, chance)

    assert (wait is None) == (age + delay_after(tries, chance) > EXPIRY)
    assert wait is None or 0.799 * middle <= wait <= 1.201 * middle


def test_what_was_not_reached_is_neither_done_nor_final() -> None:
    assert not Sent(False, 0, "").done
    assert not Sent(False, 550, "").final


@pytest.mark.parametrize(
    ("said", "configured", "limit"),
    [
        (35_000_000, 0, 35_000_000),
        (None, 0, None),
        (None, 10_000_000, 10_000_000),
        (35_000_000, 10_000_000, 10_000_000),
    ],
)
async def test_the_relays_limit_is_heard_when_it_greets(said: int | None, configured: int, limit: int | None) -> None:
    async with SinkRelay(data_size_limit=said) as sink:
        assert await relay_to(sink.port, largest=configured).largest_mail() == limit


async def test_what_was_heard_while_mails_were_sent_is_not_asked_again() -> None:
    async with SinkRelay(data_size_limit=1000) as sink:
        relay = relay_to(sink.port)
        await relay.send("ann@corp.example", MESSAGE)

        assert await relay.largest_mail() == 1000
        assert sink.connections == 1


async def test_what_was_heard_long_ago_is_asked_again_and_believed_while_nobody_answers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with SinkRelay(data_size_limit=1000) as sink:
        relay = relay_to(sink.port)
        await relay.largest_mail()
        monkeypatch.setattr("gateway.mail.relay.HEARD_SECONDS", -1)
        await relay.largest_mail()
        assert sink.connections == 2

    assert await relay.largest_mail() == 1000


async def test_of_a_relay_that_was_never_reached_no_limit_is_known() -> None:
    with pytest.raises(UnavailableError):
        await relay_to(free_port()).largest_mail()


@asynccontextmanager
async def old_relay() -> AsyncIterator[int]:
    """The port of a relay of before RFC 1425: it has not heard of EHLO."""

    talks: list[asyncio.Task[None] | None] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talks.append(asyncio.current_task())
        writer.write(b"220 old\r\n")
        while line := (await reader.readline()).decode().upper():
            writer.write({"EHLO": b"502 what\r\n", "DATA": b"354 go on\r\n"}.get(line[:4], b"250 fine\r\n"))
            if line.startswith("DATA"):
                await reader.readuntil(b"\r\n.\r\n")
                writer.write(b"250 taken\r\n")
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(talk, "127.0.0.1") as server:
        yield server.sockets[0].getsockname()[1]
        await asyncio.gather(*filter(None, talks))  # else a socket outlives its loop


async def test_a_relay_that_knows_no_extension_has_no_limit_and_gets_mail() -> None:
    async with old_relay() as port:
        relay = relay_to(port)

        assert (await relay.send("ann@corp.example", MESSAGE)).done
        assert await relay.largest_mail() is None
