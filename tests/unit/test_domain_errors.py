"""Errors know their SMTP reply and their exit code."""

import pytest

from gateway.domain import errors
from gateway.domain.errors import ExitCode, GatewayError, SmtpReply

KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, GatewayError)]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_reply_with_an_enhanced_code_of_the_same_class(kind: type[GatewayError]) -> None:
    error = kind("what is wrong; what to do")

    assert 400 <= error.reply.code <= 599
    assert error.reply.enhanced.split(".")[0] == str(error.reply.code)[0]
    assert error.exit_code is not ExitCode.DONE
    assert str(error) == error.reply.text == "what is wrong; what to do"


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


def test_a_reply_of_its_own_replaces_the_kinds() -> None:
    reply = SmtpReply(552, "5.3.4", "too big")

    assert GatewayError("the mail is too big", reply=reply).reply is reply
    assert str(reply) == "552 5.3.4 too big"
