"""May this sender fax: the rules in their order, as a table."""

from dataclasses import replace

import pytest

from gateway.domain.decision import MAX_RECEIVED, Action, decide
from gateway.domain.evidence import Evidence
from gateway.domain.nodes import User
from gateway.domain.submission import HeaderFacts

AMELIA = User(
    1, "amelia", "Amelia", "Ross", "Acme/Legal/amelia", 2, "Acme", sending_addresses=("amelia.ross@acme.example",)
)
FACTS = HeaderFacts(
    from_addresses=("amelia.ross@acme.example",),
    subject="Lease",
    message_id="<1@acme.example>",
    auto_submitted="",
    precedence="",
    is_list=False,
    is_report=False,
    received_count=2,
    body_digest="d",
)
RELAYED = Evidence("amelia.ross@acme.example", trusted_relay=True)
SIGNED_IN = Evidence("amelia.ross@acme.example", authenticated_as="amelia")
STRANGER = Evidence("amelia.ross@acme.example")


@pytest.mark.parametrize(("evidence", "rule"), [(RELAYED, "trusted-relay"), (SIGNED_IN, "smtp-auth")])
def test_a_proven_registered_sender_is_accepted(evidence: Evidence, rule: str) -> None:
    decision = decide(AMELIA, FACTS, evidence, "amelia.ross@acme.example")

    assert decision.action is Action.ACCEPT
    assert decision.rule == rule
    assert decision.reply.code == 250


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"auto_submitted": "auto-replied"}, "automatic"),
        ({"auto_submitted": "auto-notified"}, "automatic"),
        ({"is_report": True}, "automatic"),
        ({"is_list": True}, "bulk"),
        ({"precedence": "bulk"}, "bulk"),
        ({"precedence": "list"}, "bulk"),
        ({"precedence": "junk"}, "bulk"),
        ({"precedence": "auto_reply"}, "bulk"),
        ({"received_count": MAX_RECEIVED + 1}, "loop"),
        ({"from_addresses": ()}, "one-from"),
        ({"from_addresses": ("amelia.ross@acme.example", "b@acme.example")}, "one-from"),
    ],
)
def test_mail_that_must_not_be_faxed_is_refused_even_from_a_proven_sender(change: dict[str, object], rule: str) -> None:
    decision = decide(AMELIA, replace(FACTS, **change), RELAYED, "amelia.ross@acme.example")  # type: ignore[arg-type]

    assert decision.action is Action.REFUSE
    assert decision.rule == rule
    assert decision.reply.code in (550, 554)


@pytest.mark.parametrize(
    "change",
    [
        {"auto_submitted": "no"},
        {"auto_submitted": "auto-generated"},  # how honest applications mark what they send
        {"precedence": "first-class"},
        {"received_count": MAX_RECEIVED},
    ],
)
def test_ordinary_mail_with_odd_headers_is_accepted(change: dict[str, object]) -> None:
    facts = replace(FACTS, **change)  # type: ignore[arg-type]

    assert decide(AMELIA, facts, RELAYED, "amelia.ross@acme.example").action is Action.ACCEPT


def test_the_null_sender_is_never_faxed() -> None:
    assert decide(AMELIA, FACTS, RELAYED, "").rule == "null-sender"


def test_an_unknown_sender_is_refused_and_told_whom_to_ask() -> None:
    decision = decide(None, FACTS, RELAYED, "amelia.ross@acme.example")

    assert decision.rule == "registered"
    assert str(decision.reply).startswith("550 5.7.1 amelia.ross@acme.example is not a registered")
    assert "administrator" in decision.reply.text


def test_a_locked_sender_is_refused_however_proven() -> None:
    for evidence in (RELAYED, SIGNED_IN):
        assert decide(replace(AMELIA, locked=True), FACTS, evidence, "a@acme.example").rule == "locked"


def test_a_registered_sender_without_proof_is_refused() -> None:
    decision = decide(AMELIA, FACTS, STRANGER, "amelia.ross@acme.example")

    assert decision.action is Action.REFUSE
    assert decision.rule == "proof"
    assert decision.reply.enhanced == "5.7.1"


def test_signing_in_as_another_user_is_no_proof_even_from_a_trusted_relay() -> None:
    as_ben = Evidence("amelia.ross@acme.example", authenticated_as="ben", trusted_relay=True)

    assert decide(AMELIA, FACTS, as_ben, "amelia.ross@acme.example").rule == "smtp-auth"


def test_the_envelope_sender_proves_nothing() -> None:
    assert decide(AMELIA, FACTS, RELAYED, "bounces@elsewhere.example").action is Action.ACCEPT
    assert decide(AMELIA, FACTS, STRANGER, "amelia.ross@acme.example").action is Action.REFUSE
