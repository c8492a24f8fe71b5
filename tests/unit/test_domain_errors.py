"""Errors know their SMTP reply and their exit code."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain import errors
from gateway.domain.addresses import parse_fax_address
from gateway.domain.directives import parse_fields, parse_subject
from gateway.domain.errors import ExitCode, GatewayError, SmtpReply
from gateway.domain.numbers import NumberPlan

KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, GatewayError)]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_reply_with_an_enhanced_code_of_the_same_class(kind: type[GatewayError]) -> None:
    error = kind("what is wrong; what to do")

    assert 400 <= error.reply.code <= 599
    assert error.reply.enhanced.split(".")[0] == str(error.reply.code)[0]
    assert error.exit_code is not ExitCode.DONE
    assert str(error) == "what is wrong; what to do"
    assert error.reply.text == (str(error) if error.reply.code >= 500 else errors.NOT_NOW)


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (errors.UsageError, 2),
        (errors.NotFoundError, 3),
        (errors.RefusedError, 6),
        (errors.BadNumberError, 6),
        (errors.BadDirectiveError, 6),
        (errors.UnreachableError, 7),
        (errors.UnavailableError, 7),
        (errors.NotAllowedError, 4),
        (errors.ConflictError, 5),
    ],
)
def test_exit_codes_are_those_that_scripts_depend_on(kind: type[GatewayError], code: int) -> None:
    assert kind("x").exit_code == code


@pytest.mark.parametrize("kind", [errors.UnreachableError, errors.UnavailableError, GatewayError])
def test_what_may_go_away_is_answered_with_a_temporary_code(kind: type[GatewayError]) -> None:
    assert kind("x").reply.code < 500


def test_a_client_is_not_told_of_our_files_and_servers() -> None:
    error = errors.UnavailableError("the store does not answer (database is locked): sqlite:////var/lib/faxgw.sqlite")

    assert str(error.reply) == str(error.plain) == "451 4.3.1 the mail cannot be taken now, try again later"


def test_a_reply_of_its_own_replaces_the_kinds() -> None:
    reply = SmtpReply(552, "5.3.4", "too big")

    assert GatewayError("the mail is too big", reply=reply).reply is reply
    assert str(reply) == "552 5.3.4 too big"


WORDS = st.text(st.characters(codec="ascii", exclude_categories=("Cc",)), max_size=12)
DOMAINS = frozenset({"fax.example"})
FRAMES = ("{}", "+12025550101/{}", "+12025550101/to={}", "/FAX={}", '"{}"', "12025550101/cp={}/cp=x", "FAX=+{}/T33S=")
DIRECTIVES = ("%{{{}}}", "%{{At:{}}}", "%{{Ref:a}}%{{Ref:{}}}", "%{{Priority: {}}}", "%{{{}")


def told(read: Callable[[], object]) -> str:
    """What a notice would be told, lower case; nothing when all is well."""
    try:
        read()
    except GatewayError as error:
        return str(error.plain).lower()
    return ""


@given(frame=st.sampled_from(FRAMES), before=WORDS, after=WORDS)
def test_what_a_notice_is_told_of_an_address_holds_none_of_its_words(frame: str, before: str, after: str) -> None:
    address = f"{frame.format(f'{before}zyqx{after}')}@fax.example"

    assert "zyqx" not in told(lambda: parse_fax_address(address, DOMAINS, NumberPlan()))


@given(frame=st.sampled_from(DIRECTIVES), before=WORDS, after=WORDS)
def test_what_a_notice_is_told_of_a_directive_holds_none_of_its_words(frame: str, before: str, after: str) -> None:
    assert "zyqx" not in told(lambda: parse_subject(frame.format(f"{before}zyqx{after}")))


@given(name=st.sampled_from(("X-Fax-At", "X-Fax-Zyqx", "X-Fax-Priority", "X-Fax-Cover")), value=WORDS)
def test_what_a_notice_is_told_of_a_field_holds_none_of_its_words(name: str, value: str) -> None:
    assert "zyqx" not in told(lambda: parse_fields(((name, f"zyqx{value}"), (name, f"{value}zyqx"))))


def test_without_another_text_a_notice_is_told_the_reply() -> None:
    refused, quoting = (
        GatewayError("no", reply=SmtpReply(550, "5.1.1", "not here")),
        errors.RefusedError("'x' no", plain="no"),
    )

    assert (str(refused.plain), str(quoting.plain)) == ("550 5.1.1 not here", "550 5.7.1 no")
    assert quoting.reply.text == "'x' no"
