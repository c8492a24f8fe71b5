"""Who is heard before whom: subject, trusted header fields, settings; and when a header field is trusted at all."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.directives import KNOWN_FIELDS, Directives, FaxFields, parse_fields, parse_subject, trusted_fields
from gateway.domain.errors import BadDirectiveError
from gateway.domain.evidence import DkimFinding, DkimResult, Evidence
from gateway.domain.setting_catalog import Effective
from gateway.domain.submission import HeaderFacts
from gateway.domain.wishes import NORMAL_PRIORITY, Wishes, settle_wishes

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
ANNA = "anna@acme.example"
FACTS = HeaderFacts((ANNA,), "", "<1@acme.example>", "", "", False, False, 1, "ab" * 32)
UNSIGNED = Evidence(ANNA)
SIGNED_IN = Evidence(ANNA, authenticated_as="anna")
COVER: FaxFields = (("X-Fax-Cover", "blue"),)


def signed(*names: str, result: DkimResult = DkimResult.PASS, aligned: bool = True) -> Evidence:
    return Evidence(ANNA, dkim=(DkimFinding(result, "acme.example", aligned=aligned, signed=("from", *names)),))


def wishes(
    subject: str = "", fields: FaxFields = (), evidence: Evidence = SIGNED_IN, settings: dict[str, str] | None = None
) -> Wishes:
    return settle_wishes(replace(FACTS, subject=subject, fax_fields=fields), evidence, Effective(settings or {}), NOW)


# Precedence.


def test_without_a_word_the_settings_hold() -> None:
    asked = wishes(settings={"fax.resolution": "superfine", "retry.lifetime_minutes": "60"})

    assert (asked.resolution, asked.cover, asked.priority) == ("superfine", None, NORMAL_PRIORITY)
    assert (asked.billing_code, asked.reference, asked.preview) == ("", "", False)
    assert (asked.times.start, asked.times.expires) == (NOW, NOW + timedelta(hours=1))


def test_a_header_field_comes_before_a_setting_and_a_token_before_both() -> None:
    fields = (("X-Fax-Resolution", "fine"), ("X-Fax-Cover", "blue"), ("X-Fax-Billing-Code", "77"))
    settings = {"fax.resolution": "superfine"}

    assert wishes("", fields, settings=settings).resolution == "fine"
    asked = wishes("%{Normal} Lease", fields, settings=settings)
    assert (asked.subject, asked.resolution, asked.cover, asked.billing_code) == ("Lease", "standard", "blue", "77")


@pytest.mark.parametrize(
    ("token", "field", "name", "token_wins", "field_alone"),
    [
        ("%{NoCover}", ("X-Fax-Cover", "blue"), "cover", "off", "blue"),
        ("%{Ref:a}", ("X-Fax-Reference", "b"), "reference", "a", "b"),
        ("%{Fine}", ("X-Fax-Resolution", "normal"), "resolution", "fine", "standard"),
        ("%{Priority:0}", ("X-Fax-Priority", "9"), "priority", 0, 9),
        ("%{Bill:a}", ("X-Fax-Billing-Code", "b"), "billing_code", "a", "b"),
        ("%{Preview}", ("X-Fax-Preview", "no"), "preview", True, False),
    ],
)
def test_each_token_comes_before_its_header_field(
    token: str, field: tuple[str, str], name: str, token_wins: object, field_alone: object
) -> None:
    assert getattr(wishes(token, (field,)), name) == token_wins
    assert getattr(wishes("", (field,)), name) == field_alone


def test_times_of_the_subject_come_before_those_of_the_header_one_by_one() -> None:
    fields = (("X-Fax-At", "+5h"), ("X-Fax-Expire", "30m"))

    assert wishes("", fields).times.start == NOW + timedelta(hours=5)
    asked = wishes("%{At:+1h}", fields).times
    assert (asked.start, asked.expires) == (NOW + timedelta(hours=1), NOW + timedelta(hours=1.5))


def test_times_are_those_of_the_senders_zone() -> None:
    asked = wishes("%{At:14:30}", settings={"date.time_zone": "Europe/Berlin"})

    assert asked.times.start == NOW + timedelta(hours=1.5)


# Trust.


def test_header_fields_count_when_the_sender_signed_in_or_signed_them() -> None:
    assert wishes("", COVER, SIGNED_IN).cover == "blue"
    assert wishes("", COVER, signed("subject", "x-fax-cover")).cover == "blue"


@pytest.mark.parametrize(
    "evidence",
    [
        UNSIGNED,
        Evidence(ANNA, trusted_relay=True),
        signed("subject"),
        signed("x-fax-cover", aligned=False),
        signed("x-fax-cover", result=DkimResult.FAIL),
        signed("x-fax-cover", result=DkimResult.POLICY),
    ],
)
def test_header_fields_of_anybody_else_are_as_if_they_were_not_there(evidence: Evidence) -> None:
    assert wishes("", COVER, evidence).cover is None
    assert wishes("", (("X-Fax-Unknown", "1"), ("X-Fax-Priority", "high!")), evidence).priority == NORMAL_PRIORITY


def test_a_field_put_above_the_signed_one_does_not_count() -> None:
    fields = (("X-Fax-Billing-Code", "forged"), ("X-Fax-Billing-Code", "signed"))

    assert wishes("", fields, signed("x-fax-billing-code")).billing_code == "signed"
    with pytest.raises(BadDirectiveError, match="disagree"):
        wishes("", fields, signed("x-fax-billing-code", "x-fax-billing-code"))


FIELDS = st.lists(st.tuples(st.sampled_from(["X-Fax-Cover", "X-Fax-Ref", "X-Fax-At"]), st.text(max_size=3)), max_size=6)
SIGNED_NAMES = st.lists(st.sampled_from(["x-fax-cover", "x-fax-ref", "from"]), max_size=4)


@given(FIELDS, SIGNED_NAMES)
def test_of_each_name_only_the_last_fields_count_as_many_as_were_signed(
    fields: list[tuple[str, str]], names: list[str]
) -> None:
    kept = trusted_fields(tuple(fields), authenticated=False, signed=names)

    for name in {name for name, _ in fields}:
        mine = [value for other, value in fields if other == name]
        count = min(len(mine), names.count(name.lower()))
        assert [value for other, value in kept if other == name] == mine[len(mine) - count :]


@given(FIELDS, SIGNED_NAMES)
def test_of_a_sender_who_signed_in_all_fields_count(fields: list[tuple[str, str]], names: list[str]) -> None:
    assert trusted_fields(tuple(fields), authenticated=True, signed=names) == tuple(fields)


# Header fields read.


@pytest.mark.parametrize(
    ("name", "value", "directives"),
    [
        ("X-Fax-Cover", "yes", Directives(cover="on")),
        ("X-Fax-Cover", "", Directives(cover="on")),
        ("X-Fax-Cover", "No", Directives(cover="off")),
        ("X-Fax-Cover", "Blue  Letter", Directives(cover="Blue Letter")),
        ("x-fax-reference", "4711", Directives(reference="4711")),
        ("X-Fax-Resolution", "Standard", Directives(resolution="standard")),
        ("X-Fax-Priority", "low", Directives(priority=8)),
        ("X-Fax-At", "+2h", Directives(at=timedelta(hours=2))),
        ("X-Fax-Expire", "90m", Directives(expire=timedelta(minutes=90))),
        ("X-Fax-Billing-Code", "A 7", Directives(billing_code="A 7")),
        ("X-Fax-Preview", "yes", Directives(preview=True)),
    ],
)
def test_header_fields_say_what_tokens_say(name: str, value: str, directives: Directives) -> None:
    assert parse_fields(((name, value),)) == directives


@pytest.mark.parametrize(
    ("name", "value", "reply"),
    [
        ("X-Fax-Kover", "x", "unknown directive X-Fax-Kover in the header; known are " + ", ".join(KNOWN_FIELDS)),
        ("X-Fax-Attn", "x", "unknown directive X-Fax-Attn in the header; known are " + ", ".join(KNOWN_FIELDS)),
        ("X-Fax-Resolution", "best", "X-Fax-Resolution takes fine or normal; not 'best'"),
        ("X-Fax-Reference", "", "X-Fax-Reference needs a value"),
        ("X-Fax-Preview", "maybe", "X-Fax-Preview takes yes or no; not 'maybe'"),
        ("X-Fax-Reference", "x" * 65, "the value of X-Fax-Reference is longer than 64 characters"),
    ],
)
def test_a_trusted_field_that_is_unknown_or_wrong_is_refused_by_name(name: str, value: str, reply: str) -> None:
    with pytest.raises(BadDirectiveError) as caught:
        wishes("", ((name, value),))

    assert str(caught.value.reply) == f"550 5.5.4 {reply}"


def test_two_fields_that_disagree_are_refused_and_both_named() -> None:
    with pytest.raises(BadDirectiveError) as caught:
        parse_fields((("X-Fax-Cover", "a"), ("X-Fax-Cover", "b")))

    assert caught.value.text == "X-Fax-Cover: a and X-Fax-Cover: b disagree: give one of them"


@given(st.text(max_size=30), st.text(max_size=80))
def test_any_header_field_is_read_or_refused_in_one_line_of_ascii(name: str, value: str) -> None:
    for field in (f"X-Fax-{name}", *KNOWN_FIELDS):
        try:
            parse_fields(((field, value),))
            reply = "250"
        except BadDirectiveError as error:
            reply = str(error.reply)
        assert reply.isascii()
        assert reply.isprintable()
        assert len(reply) < 480


@given(st.text(max_size=300))
def test_any_subject_is_refused_in_one_short_line_of_ascii_or_not_at_all(text: str) -> None:
    for subject in (text, f"%{{{text}}}", f"%{{Cover:{text}}}%{{At:{text}}}"):
        try:
            parse_subject(subject)
            reply = "250"
        except BadDirectiveError as error:
            reply = str(error.reply)
        assert reply.isascii()
        assert reply.isprintable()
        assert len(reply) < 480
