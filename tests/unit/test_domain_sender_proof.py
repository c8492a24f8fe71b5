"""What SPF and DKIM prove under each setting, and the reply for each way to fail (outcomes.md's table of codes)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.evidence import DkimFinding, DkimResult, Evidence, SpfFinding, SpfResult
from gateway.domain.sender_proof import Judgement, SenderProof, is_proven, judge, shown

NOW = datetime(2026, 3, 2, 15, 4, 5, tzinfo=UTC)
ANN = "ann@corp.example"
PEER = "192.0.2.7"
BOTH, EITHER, DKIM, SPF, NONE = SenderProof


def spf(result: str, domain: str = "corp.example", *, shared: str = "") -> SpfFinding:
    return SpfFinding(SpfResult(result), domain, aligned=domain.endswith("corp.example"), shared=shared)


def dkim(result: str, domain: str = "corp.example", *, days: float = 0) -> DkimFinding:
    at = NOW - timedelta(days=days)
    return DkimFinding(
        DkimResult(result), domain, "s", aligned=domain.endswith("corp.example"), signed_at=at, digest="d"
    )


def judged(proof: SenderProof, found: SpfFinding | None, *signatures: DkimFinding) -> Judgement:
    return judge(proof, Evidence(ANN, spf=found, dkim=signatures), PEER, NOW)


def code(proof: SenderProof, found: SpfFinding | None, *signatures: DkimFinding) -> str:
    reply = judged(proof, found, *signatures).reply
    return "250" if reply is None else f"{reply.code} {reply.enhanced}"


PASS, FAIL, TEMP, PERM = spf("pass"), spf("fail"), spf("temperror"), spf("permerror")
OTHER = spf("pass", "other.example")
SHARED = spf("pass", shared="spf.protection.outlook.com")
GOOD, BAD, WAIT = dkim("pass"), dkim("fail"), dkim("temperror")
FOREIGN = dkim("pass", "other.example")
OLD = dkim("pass", days=3.01)

# SPF, signatures, and the answer under spf-and-dkim, spf-or-dkim, dkim, spf.
CASES: list[tuple[SpfFinding | None, tuple[DkimFinding, ...], str, str, str, str]] = [
    (PASS, (GOOD,), "250", "250", "250", "250"),
    (PASS, (), "550 5.7.20", "250", "550 5.7.20", "250"),
    (PASS, (BAD,), "550 5.7.20", "250", "550 5.7.20", "250"),
    (PASS, (FOREIGN,), "550 5.7.22", "250", "550 5.7.22", "250"),
    (PASS, (FOREIGN, GOOD), "250", "250", "250", "250"),
    (PASS, (BAD, FOREIGN, GOOD), "250", "250", "250", "250"),
    (PASS, (OLD,), "550 5.7.20", "250", "550 5.7.20", "250"),
    (PASS, (OLD, GOOD), "250", "250", "250", "250"),
    (PASS, (dkim("policy"),), "550 5.7.20", "250", "550 5.7.20", "250"),
    (PASS, (dkim("neutral"),), "550 5.7.20", "250", "550 5.7.20", "250"),
    (PASS, (dkim("permerror"),), "550 5.7.20", "250", "550 5.7.20", "250"),
    (PASS, (WAIT,), "451 4.7.0", "250", "451 4.7.0", "250"),
    (PASS, (WAIT, GOOD), "250", "250", "250", "250"),
    (PASS, (BAD, WAIT), "451 4.7.0", "250", "451 4.7.0", "250"),
    (PASS, (dkim("temperror", "other.org"),), "550 5.7.20", "250", "550 5.7.20", "250"),
    (FAIL, (GOOD,), "550 5.7.23", "250", "250", "550 5.7.23"),
    (spf("softfail"), (GOOD,), "550 5.7.23", "250", "250", "550 5.7.23"),
    (spf("neutral"), (GOOD,), "550 5.7.23", "250", "250", "550 5.7.23"),
    (spf("none"), (GOOD,), "550 5.7.23", "250", "250", "550 5.7.23"),
    (None, (GOOD,), "550 5.7.23", "250", "250", "550 5.7.23"),
    (OTHER, (GOOD,), "550 5.7.23", "250", "250", "550 5.7.23"),
    (PERM, (GOOD,), "550 5.7.24", "250", "250", "550 5.7.24"),
    (TEMP, (GOOD,), "451 4.7.24", "250", "250", "451 4.7.24"),
    (spf("temperror", "other.org"), (GOOD,), "550 5.7.23", "250", "250", "550 5.7.23"),
    (SHARED, (GOOD,), "250", "250", "250", "550 5.7.23"),
    (SHARED, (), "550 5.7.20", "550 5.7.26", "550 5.7.20", "550 5.7.23"),
    (FAIL, (), "550 5.7.26", "550 5.7.26", "550 5.7.20", "550 5.7.23"),
    (OTHER, (FOREIGN,), "550 5.7.26", "550 5.7.26", "550 5.7.22", "550 5.7.23"),
    (PERM, (BAD,), "550 5.7.26", "550 5.7.26", "550 5.7.20", "550 5.7.24"),
    (FAIL, (OLD,), "550 5.7.26", "550 5.7.26", "550 5.7.20", "550 5.7.23"),
    # One has surely failed, the other is in trouble: nothing is refused before DNS has answered.
    (FAIL, (WAIT,), "451 4.7.0", "451 4.7.0", "451 4.7.0", "550 5.7.23"),
    (TEMP, (), "451 4.7.24", "451 4.7.24", "550 5.7.20", "451 4.7.24"),
    (TEMP, (BAD,), "451 4.7.24", "451 4.7.24", "550 5.7.20", "451 4.7.24"),
    (TEMP, (FOREIGN,), "451 4.7.24", "451 4.7.24", "550 5.7.22", "451 4.7.24"),
    (PERM, (WAIT,), "451 4.7.0", "451 4.7.0", "451 4.7.0", "550 5.7.24"),
    (TEMP, (WAIT,), "451 4.7.24", "451 4.7.24", "451 4.7.0", "451 4.7.24"),
]  # fmt: skip


@pytest.mark.parametrize(("found", "signatures", "both", "either", "dkim_only", "spf_only"), CASES)
def test_each_finding_has_one_answer_under_each_setting(
    found: SpfFinding | None, signatures: tuple[DkimFinding, ...], both: str, either: str, dkim_only: str, spf_only: str
) -> None:
    answers = [code(proof, found, *signatures) for proof in (BOTH, EITHER, DKIM, SPF)]

    assert answers == [both, either, dkim_only, spf_only]
    assert code(NONE, found, *signatures) == "250"


@pytest.mark.parametrize(("days", "answer"), [(2.99, "250"), (3.01, "550 5.7.20"), (-0.9, "250"), (-1.1, "550 5.7.20")])
def test_a_signature_is_good_for_three_days_and_hardly_before_its_time(days: float, answer: str) -> None:
    assert code(DKIM, None, dkim("pass", days=days)) == answer


def test_a_signature_without_a_time_is_never_fresh() -> None:
    assert code(DKIM, None, replace(GOOD, signed_at=None)) == "550 5.7.20"


@pytest.mark.parametrize("found", [None, FAIL, TEMP, OTHER, SHARED])
@pytest.mark.parametrize("proof", [DKIM, EITHER])
def test_a_signature_that_alone_proves_the_sender_is_marked_so(proof: SenderProof, found: SpfFinding | None) -> None:
    judgement = judged(proof, found, FOREIGN, GOOD)

    assert (judgement.signature, judgement.alone) == (GOOD, True)


def test_beside_a_pass_of_spf_the_signature_is_not_alone() -> None:
    assert judged(EITHER, PASS, GOOD) == Judgement(None, GOOD, alone=False)
    assert judged(EITHER, PASS) == Judgement(None)


# Findings as they come when DNS did not answer at all: alignment is not known then, and perhaps no domain.

UNKNOWN = replace(WAIT, domain="", aligned=False)


@pytest.mark.parametrize(
    "signature", [UNKNOWN, replace(WAIT, aligned=False), replace(WAIT, domain="mail.corp.example", aligned=False)]
)
def test_a_signature_that_may_yet_prove_the_sender_is_waited_for(signature: DkimFinding) -> None:
    assert code(BOTH, PASS, signature) == "451 4.7.0"


@pytest.mark.parametrize("domain", ["", "corp.example", "Mail.CORP.example."])
def test_spf_that_may_yet_prove_the_sender_is_waited_for(domain: str) -> None:
    found = SpfFinding(SpfResult.TEMPERROR, domain)

    assert code(BOTH, found, GOOD) == "451 4.7.24"


def test_spf_that_failed_before_alignment_was_asked_is_told_as_failed() -> None:
    reply = judged(SPF, replace(FAIL, aligned=False)).reply

    assert reply is not None
    assert "SPF of corp.example says fail to 192.0.2.7" in reply.text


# Words.


@pytest.mark.parametrize(
    ("proof", "found", "signatures", "words"),
    [
        (SPF, FAIL, (), "ann@corp.example is not proven: SPF of corp.example says fail to 192.0.2.7; "),
        (SPF, spf("none"), (), "corp.example has no SPF record"),
        (SPF, OTHER, (), "SPF was asked of other.example, not of the domain in From"),
        (SPF, PERM, (), "the SPF record of corp.example is in error"),
        (SPF, SHARED, (), "passes by spf.protection.outlook.com, whose addresses strangers share, which is no proof"),
        (SPF, TEMP, (), "cannot be looked up now; send it again later"),
        (DKIM, None, (), "the mail has no DKIM signature; send through your own mail server"),
        (DKIM, None, (FOREIGN,), "its DKIM signature is of other.example, not of the domain in From"),
        (DKIM, None, (BAD, dkim("policy")), "passes (corp.example: fail, corp.example: policy)"),
        (DKIM, None, (replace(BAD, domain="", reason="d= is  no domain"),), "passes (one: d= is no domain)"),
        (DKIM, None, (OLD,), "not of the last 3 days"),
        (DKIM, None, (WAIT,), "the DKIM key of corp.example cannot be looked up now; send it again later"),
        (BOTH, FAIL, (), "says fail to 192.0.2.7, and the mail has no DKIM signature; "),
    ],
)
def test_the_reply_says_what_is_missing(
    proof: SenderProof, found: SpfFinding | None, signatures: tuple[DkimFinding, ...], words: str
) -> None:
    reply = judged(proof, found, *signatures).reply

    assert reply is not None
    assert words in reply.text
    assert reply.text.startswith(ANN)


HOSTILE = st.text(max_size=400)


@given(st.sampled_from(SenderProof), st.sampled_from(SpfResult), st.sampled_from(DkimResult), HOSTILE, HOSTILE)
def test_whatever_a_sender_calls_itself_the_reply_is_one_printable_line(
    proof: SenderProof, one: SpfResult, other: DkimResult, name: str, domain: str
) -> None:
    evidence = Evidence(
        f"{name}@corp.example",
        spf=SpfFinding(one, domain, reason=name, shared=domain),
        dkim=(DkimFinding(other, domain, name, reason=name),) * 5,
    )

    reply = judge(proof, evidence, name, NOW).reply

    if proof is not SenderProof.REGISTERED:
        assert reply is not None  # nothing here is aligned
        assert all(" " <= sign <= "~" for sign in reply.text)
        assert len(str(reply)) <= 510


def test_a_long_name_is_cut() -> None:
    assert shown("x" * 300) == "x" * 97 + "..."
    assert shown("a b\r\nc\u00e9") == "a?b??c?"


# To whom a notice of refusal may be written.


@pytest.mark.parametrize(
    ("found", "signatures", "proven"),
    [
        (PASS, (), True),
        (None, (GOOD,), True),
        (FAIL, (BAD, GOOD), True),
        (None, (), False),
        (SHARED, (), False),
        (OTHER, (FOREIGN,), False),
        (TEMP, (WAIT,), False),
        (FAIL, (OLD,), False),
        (None, (dkim("policy"),), False),
    ],
)
def test_only_a_proven_author_is_written_to(
    found: SpfFinding | None, signatures: tuple[DkimFinding, ...], proven: bool
) -> None:
    assert is_proven(Evidence(ANN, spf=found, dkim=signatures), NOW) is proven
