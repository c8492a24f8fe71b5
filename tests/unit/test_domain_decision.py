"""May this sender fax: the order of the rules, as a table. What SPF and DKIM prove: test_domain_sender_proof.py."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.domain.addresses import NumberPlan, parse_fax_address
from gateway.domain.decision import MAX_RECEIVED, Action, Decision, decide, signature_use
from gateway.domain.evidence import DkimFinding, DkimResult, Evidence, SpfFinding, SpfResult
from gateway.domain.nodes import User
from gateway.domain.replay import SignatureUse
from gateway.domain.sender_proof import SenderProof
from gateway.domain.submission import Envelope, HeaderFacts

NOW = datetime(2026, 3, 2, 15, 4, 5, tzinfo=UTC)
ADDRESS = "amelia.ross@acme.example"
AMELIA = User(1, "amelia", "Amelia", "Ross", "Acme/Legal/amelia", 2, "Acme", sending_addresses=(ADDRESS,))
FACTS = HeaderFacts(
    from_addresses=(ADDRESS,),
    subject="Lease",
    message_id="<1@acme.example>",
    auto_submitted="",
    precedence="",
    is_list=False,
    is_report=False,
    received_count=2,
    body_digest="d",
)
RELAYED = Evidence(ADDRESS, trusted_relay=True)
SIGNED_IN = Evidence(ADDRESS, authenticated_as="amelia")
STRANGER = Evidence(ADDRESS)
SPF = SpfFinding(SpfResult.PASS, "acme.example", aligned=True)
DKIM = DkimFinding(
    DkimResult.PASS, "acme.example", "s1", aligned=True, signed=("from", "to", "message-id"), signed_at=NOW, digest="ab"
)
PROVEN = Evidence(ADDRESS, spf=SPF, dkim=(DKIM,))


def envelope(mail_from: str = ADDRESS) -> Envelope:
    return Envelope(mail_from, ("+12025550123@fax.example",), "192.0.2.1", "client.example", Path("x"), 9, NOW)


def decided(
    facts: HeaderFacts = FACTS,
    evidence: Evidence = RELAYED,
    sender: User | None = AMELIA,
    proof: SenderProof = SenderProof.SPF_AND_DKIM,
    mail_from: str = ADDRESS,
) -> Decision:
    return decide(sender, proof, facts, evidence, envelope(mail_from), NOW)


@pytest.mark.parametrize(
    ("evidence", "rule"),
    [
        (RELAYED, "trusted-relay"),
        (SIGNED_IN, "smtp-auth"),
        (replace(SIGNED_IN, authenticated_as="AMELIA"), "smtp-auth"),
        (PROVEN, "spf-and-dkim"),
    ],
)
def test_a_proven_registered_sender_is_accepted(evidence: Evidence, rule: str) -> None:
    decision = decided(evidence=evidence)

    assert (decision.action, decision.rule, decision.reply.code) == (Action.ACCEPT, rule, 250)


MUST_NOT_BE_FAXED = [
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
    ({"from_addresses": (ADDRESS, "b@acme.example")}, "one-from"),
    ({"from_addresses": ("b@acme.example",)}, "one-from"),  # the evidence is of another author
]


@pytest.mark.parametrize("evidence", [RELAYED, SIGNED_IN, PROVEN], ids=["relay", "auth", "proven"])
@pytest.mark.parametrize(("change", "rule"), MUST_NOT_BE_FAXED)
def test_mail_that_must_not_be_faxed_is_refused_however_proven(
    change: dict[str, object], rule: str, evidence: Evidence
) -> None:
    decision = decided(replace(FACTS, **change), evidence)  # type: ignore[arg-type]

    assert (decision.action, decision.rule) == (Action.REFUSE, rule)
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
    assert decided(replace(FACTS, **change)).action is Action.ACCEPT  # type: ignore[arg-type]


def test_the_null_sender_is_never_faxed() -> None:
    assert decided(mail_from="", evidence=PROVEN).rule == "null-sender"


def test_a_loop_is_told_as_one() -> None:
    assert str(decided(replace(FACTS, received_count=99)).reply).startswith("554 5.4.6 ")


@pytest.mark.parametrize("sender", [None, replace(AMELIA, sending_addresses=("other@acme.example",))])
def test_an_unknown_sender_is_refused_and_told_whom_to_ask(sender: User | None) -> None:
    decision = decided(sender=sender)

    assert decision.rule == "registered"
    assert str(decision.reply).startswith("550 5.7.1 amelia.ross@acme.example is not a registered")
    assert "administrator" in decision.reply.text


def test_a_locked_sender_is_refused_however_proven() -> None:
    for evidence in (RELAYED, SIGNED_IN, PROVEN):
        decision = decided(evidence=evidence, sender=replace(AMELIA, locked=True))

        assert (decision.rule, decision.reply.code, decision.reply.enhanced) == ("locked", 550, "5.7.1")


@pytest.mark.parametrize("proof", [one for one in SenderProof if one is not SenderProof.REGISTERED])
def test_a_registered_sender_without_proof_is_refused(proof: SenderProof) -> None:
    decision = decided(evidence=STRANGER, proof=proof)

    assert (decision.action, decision.rule, decision.reply.code) == (Action.REFUSE, "proof", 550)


def test_where_the_administrator_says_so_a_registered_address_is_enough() -> None:
    decision = decided(evidence=STRANGER, proof=SenderProof.REGISTERED)

    assert (decision.action, decision.rule) == (Action.ACCEPT, "registered")
    assert decided(sender=None, proof=SenderProof.REGISTERED).action is Action.REFUSE


def test_dns_trouble_is_put_off() -> None:
    unknown = replace(PROVEN, spf=replace(SPF, result=SpfResult.TEMPERROR))

    decision = decided(evidence=unknown)

    assert (decision.action, decision.rule, decision.reply.code) == (Action.DEFER, "dns", 451)


def test_dns_trouble_matters_not_to_who_signed_in() -> None:
    unknown = Evidence(ADDRESS, authenticated_as="amelia", spf=replace(SPF, result=SpfResult.TEMPERROR))

    assert decided(evidence=unknown).rule == "smtp-auth"


@pytest.mark.parametrize("more", [RELAYED, PROVEN])
def test_signing_in_as_another_user_is_no_proof_whatever_else_is(more: Evidence) -> None:
    decision = decided(evidence=replace(more, authenticated_as="ben"))

    assert (decision.rule, decision.reply.enhanced) == ("smtp-auth", "5.7.1")


def test_the_envelope_sender_proves_nothing() -> None:
    assert decided(mail_from="bounces@elsewhere.example").action is Action.ACCEPT
    assert decided(evidence=STRANGER).action is Action.REFUSE


# The record.


def test_the_decision_keeps_what_was_known_as_json() -> None:
    record = json.loads(json.dumps(decided(evidence=PROVEN).evidence))

    assert record["rule"] == record["setting"] == "spf-and-dkim"
    assert (record["peer"], record["helo"], record["mail_from"]) == ("192.0.2.1", "client.example", ADDRESS)
    assert record["aligned"] is True
    assert record["spf"] == {
        "result": "pass", "domain": "acme.example", "scope": "mfrom", "aligned": True, "reason": "", "shared": "",
    }  # fmt: skip
    [signature] = record["dkim"]
    assert (signature["result"], signature["signed_at"], signature["signed"][0]) == ("pass", NOW.isoformat(), "from")


def test_a_refusal_keeps_what_was_known_too() -> None:
    record = decided(evidence=STRANGER, sender=None).evidence

    assert (record["rule"], record["setting"], record["aligned"]) == ("registered", "", False)
    assert (record["spf"], record["dkim"]) == (None, [])


def test_the_record_says_nothing_of_the_content() -> None:
    secret = replace(FACTS, subject="canary-1", message_id="<canary-2@x>", body_digest="canary-3")

    assert "canary" not in json.dumps(decided(secret, PROVEN).evidence)


# What is remembered of a signature.

SPLIT = replace(
    FACTS, to_addresses=("+12025550123@fax.example", "ann@x.example"), cc_addresses=("+12025550199@fax.example",)
)


def used(facts: HeaderFacts, evidence: Evidence, proof: SenderProof) -> SignatureUse | None:
    decision = decided(facts, evidence, proof=proof)
    domains = frozenset({"fax.example"})
    return signature_use(decision, evidence, facts, lambda text: parse_fax_address(text, domains, NumberPlan()))


def test_a_signature_alone_is_remembered_with_the_fax_numbers_it_covers() -> None:
    use = used(SPLIT, replace(PROVEN, spf=None), SenderProof.SPF_OR_DKIM)

    assert use is not None
    assert use == SignatureUse("ab", True, NOW + timedelta(days=5), frozenset({"+12025550123"}))


def test_all_good_signatures_of_the_author_are_remembered() -> None:
    [good] = PROVEN.dkim
    others = (replace(good, digest="cd"), replace(good, digest="no", aligned=False), replace(good, digest="ab"))

    use = used(SPLIT, replace(PROVEN, spf=None, dkim=(good, *others)), SenderProof.SPF_OR_DKIM)

    assert use is not None
    assert use.digests == ("ab", "cd")


def test_a_signature_beside_spf_is_remembered_as_not_alone() -> None:
    use = used(SPLIT, PROVEN, SenderProof.SPF_OR_DKIM)

    assert use is not None
    assert not use.alone


@pytest.mark.parametrize("proof", [SenderProof.SPF, SenderProof.SPF_AND_DKIM, SenderProof.REGISTERED])
def test_where_spf_is_needed_or_nothing_is_no_signature_is_remembered(proof: SenderProof) -> None:
    assert used(SPLIT, PROVEN, proof) is None


def test_a_to_that_is_not_signed_names_no_number() -> None:
    bare = replace(DKIM, signed=("from", "subject", "date"))

    use = used(SPLIT, Evidence(ADDRESS, dkim=(bare,)), SenderProof.DKIM)

    assert use is not None
    assert use.addressed == frozenset()
