import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.mail.smtp_syntax import MailArgument, SyntaxRefusedError, parse_mail, parse_rcpt


def reply_to(argument: str, utf8: bool = False) -> str:
    with pytest.raises(SyntaxRefusedError) as caught:
        parse_rcpt(argument, utf8)
    return str(caught.value.reply)


@pytest.mark.parametrize(
    ("argument", "expected"),
    [
        ("FROM:<a@b.example>", MailArgument("a@b.example")),
        ("from:<>", MailArgument("")),
        ("FROM: <a@b.example>", MailArgument("a@b.example")),
        ("FROM:<a@b.example> SIZE=12345 BODY=8BITMIME", MailArgument("a@b.example", 12345)),
        ("FROM:<a@b.example> body=7bit size=1", MailArgument("a@b.example", 1)),
        ("FROM:<jörg@bücher.example> SMTPUTF8", MailArgument("jörg@bücher.example", 0, True)),
        ("FROM:<a@b.example> AUTH=<>", MailArgument("a@b.example")),
        ("FROM:<a@b.example> AUTH=e+3Dmc2@example.com", MailArgument("a@b.example")),
        ("FROM:<a@[192.0.2.1]>", MailArgument("a@[192.0.2.1]")),
        ("FROM:<a@[IPv6:2001:db8::1]>", MailArgument("a@[IPv6:2001:db8::1]")),
        ('FROM:<"a b"@b.example>', MailArgument('"a b"@b.example')),
        ('FROM:<"a>b"@b.example>', MailArgument('"a>b"@b.example')),
    ],
)
def test_mail_arguments_are_read(argument: str, expected: MailArgument) -> None:
    assert parse_mail(argument) == expected


@pytest.mark.parametrize(
    ("argument", "code"),
    [
        ("", 501),
        ("FROM", 501),
        ("FROM:", 501),
        ("FROM:a@b.example", 501),
        ("FROM:<a@b.example", 501),
        ("FROM:a@b.example>", 501),
        ("FROM:<<a@b.example>>", 501),
        ("FROM:<a@b.example>SIZE=1", 501),
        ("FROM:<a@b.example> SIZE=x", 501),
        ("FROM:<a@b.example> SIZE", 501),
        ("FROM:<a@b.example> SIZE=1 SIZE=2", 501),
        ("FROM:<a@b.example> BODY=BINARYMIME", 501),
        ("FROM:<a@b.example> SMTPUTF8=1", 501),
        ("FROM:<a@b.example> AUTH=", 501),
        ("FROM:<a@b.example> RET=HDRS", 555),
        ("FROM:<jörg@b.example>", 553),
        ("FROM:<a@[300.1.1.1]>", 553),
        ("FROM:<a b@b.example>", 553),
        ("FROM:<a@b@c.example>", 553),
        ("FROM:<a@-b.example>", 553),
        ("FROM:<a@b..example>", 553),
        ("FROM:<nobody>", 501),
    ],
)
def test_bad_mail_arguments_are_refused(argument: str, code: int) -> None:
    with pytest.raises(SyntaxRefusedError) as caught:
        parse_mail(argument)

    assert caught.value.reply.code == code


def test_parameters_need_ehlo() -> None:
    with pytest.raises(SyntaxRefusedError) as caught:
        parse_mail("FROM:<a@b.example> SIZE=1", extended=False)

    assert caught.value.reply.code == 555


@pytest.mark.parametrize(
    "address",
    [
        "+12025550123@fax.example",
        "+1.202-555.0123/ATTN=Bob_Jones/T33S=12@fax.example",
        "FAX=+12025550123/cp=off@fax.example",
        '"+12025550123"@fax.example',
    ],
)
def test_fax_addresses_are_plain_recipients(address: str) -> None:
    assert parse_rcpt(f"TO:<{address}>") == address


@pytest.mark.parametrize(
    "argument",
    [
        "TO:<+12025550123(comment)@fax.example>",
        "TO:<=?utf-8?q?=2B12025550123?=@fax.example>x",
        "TO:<@relay.example:+12025550123@fax.example>",
        "TO:<+12025550123@fax.example",
        "TO:<+12025550123 @fax.example>",
        "TO:<+12025550123@fax.example >",
        "TO:<+12025550123@fax.example\t>",
        "TO:+12025550123@fax.example",
        'TO:"x" <+12025550123@fax.example>',
        "TO:<+12025550123@fax.example>,<+12025550124@fax.example>",
        "TO:<+12025550123@fax.example.>",
        "TO:<.+12025550123@fax.example>",
        "TO:<>",
    ],
)
def test_look_alikes_of_an_address_do_not_get_past(argument: str) -> None:
    assert reply_to(argument)[:3] in ("501", "553")


def test_an_encoded_word_is_not_decoded() -> None:
    assert parse_rcpt("TO:<=?utf-8?q?a=40evil?=@fax.example>") == "=?utf-8?q?a=40evil?=@fax.example"


def test_postmaster_needs_no_domain() -> None:
    assert parse_rcpt("TO:<Postmaster>") == "postmaster"


def test_octets_that_are_no_utf8_are_refused_even_with_smtputf8() -> None:
    assert reply_to("TO:<j\udcf6rg@fax.example>", utf8=True).startswith("553 5.1.3")


def test_a_long_address_is_refused() -> None:
    assert reply_to(f"TO:<{'1' * 600}@fax.example>").startswith("501 5.1.3")


@settings(deadline=None)  # the machine may be busy
@given(st.text(max_size=60))
def test_any_argument_is_read_or_refused(text: str) -> None:
    for utf8 in (True, False):
        address = None
        with contextlib.suppress(SyntaxRefusedError):
            address = parse_rcpt(f"TO:<{text}>", utf8)

        assert address is None or address == "postmaster" or "@" in address
