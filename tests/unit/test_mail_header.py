from pathlib import Path

import pytest

from gateway.domain.errors import GatewayError
from gateway.domain.submission import HeaderFacts
from gateway.mail.header import read_header

MAIL = """\
Received: from a
Received: from b
From: Ann Smith <Ann@Corp.example>
Subject: =?utf-8?Q?Angebot_f=C3=BCr?=
 =?utf-8?Q?_Sie?= %{Cover}
Message-ID: <1@corp.example>
References: <0@corp.example> junk <00@corp.example>
Auto-Submitted: auto-generated; owner-email="x@y"
Precedence: Bulk (really)
List-Id: <l.example>
Content-Type: Multipart/Report; boundary=x

body
"""


def facts_of(tmp_path: Path, text: str | bytes, limit: int = 10_000) -> HeaderFacts:
    path = tmp_path / "mail.eml"
    path.write_bytes(text if isinstance(text, bytes) else text.replace("\n", "\r\n").encode())
    return read_header(path, limit)


def test_the_facts_of_a_header(tmp_path: Path) -> None:
    facts = facts_of(tmp_path, MAIL)

    assert facts.from_addresses == ("ann@corp.example",)
    assert facts.subject == "Angebot für Sie %{Cover}"
    assert (facts.message_id, facts.references) == ("<1@corp.example>", "<0@corp.example> <00@corp.example>")
    assert (facts.auto_submitted, facts.precedence) == ("auto-generated", "bulk")
    assert facts.is_list
    assert facts.is_report
    assert facts.received_count == 2


def test_a_bare_mail_has_empty_facts(tmp_path: Path) -> None:
    facts = facts_of(tmp_path, "\nbody")

    assert (facts.from_addresses, facts.subject, facts.message_id, facts.auto_submitted) == ((), "", "", "")
    assert (facts.is_list, facts.is_report, facts.received_count) == (False, False, 0)


def test_fax_fields_are_kept_decoded_with_those_of_one_name_in_order(tmp_path: Path) -> None:
    facts = facts_of(
        tmp_path, "X-Fax-Cover: =?utf-8?Q?Bl=C3=A5?=\nx-fax-at: +1h\nX-FAX-COVER:\n  two\n lines\nX-Faxes: no\n\n"
    )

    assert sorted(facts.fax_fields) == [("X-Fax-At", "+1h"), ("X-Fax-Cover", "Blå"), ("X-Fax-Cover", "two lines")]
    assert [value for name, value in facts.fax_fields if name == "X-Fax-Cover"] == ["Blå", "two lines"]


@pytest.mark.parametrize(
    ("field", "subject"),
    [
        ("%{Cover:Blue\n Letter} Lease", "%{Cover:Blue Letter} Lease"),
        ("%{Cover:Blue\n\tLetter}\n Lease", "%{Cover:Blue Letter} Lease"),
        ("%{\n Cover}", "%{ Cover}"),
        ("=?utf-8?Q?%=7BCo?=\n =?utf-8?Q?ver=7D_Lease?=", "%{Cover} Lease"),
        ("=?utf-8?B?JXtSZWY6w4QtN30=?=", "%{Ref:Ä-7}"),
        ("=?iso-8859-1?Q?=25=7BRef=3A=C4-7=7D?= x", "%{Ref:Ä-7} x"),
    ],
)
def test_tokens_survive_folding_and_encoding(tmp_path: Path, field: str, subject: str) -> None:
    assert facts_of(tmp_path, f"Subject: {field}\n\n").subject == subject


def test_a_token_at_the_end_of_a_very_long_subject_is_not_cut_off(tmp_path: Path) -> None:
    folded = "\n ".join(["word"] * 1500)

    assert facts_of(tmp_path, f"Subject: {folded}\n %{{NoCover}}\n\n", 100_000).subject.endswith("word %{NoCover}")


def test_the_digest_is_that_of_the_body_alone(tmp_path: Path) -> None:
    first = facts_of(tmp_path, MAIL).body_digest

    assert facts_of(tmp_path, "Received: another\n" + MAIL).body_digest == first
    assert facts_of(tmp_path, MAIL + "more").body_digest != first


def test_repeated_from_fields_name_nobody(tmp_path: Path) -> None:
    assert facts_of(tmp_path, "From: a@b.example\nFrom: a@b.example\n\n").from_addresses == ()
    assert facts_of(tmp_path, "From: a@b.example\nFROM : c@d.example\n\n").from_addresses == ()


@pytest.mark.parametrize(
    ("fields", "to"),
    [
        ("To: +12025550123@fax.example, Ann <a@x.example>", ("+12025550123@fax.example", "a@x.example")),
        ("To: a@x.example\nTo: b@x.example", ()),
        ("To: friends: a@x.example;", ()),
        ("Cc: a@x.example", ()),
        ("", ()),
    ],
)
def test_to_counts_where_it_stands_once_and_is_clear(tmp_path: Path, fields: str, to: tuple[str, ...]) -> None:
    assert facts_of(tmp_path, f"{fields}\nX: y\n\nbody".lstrip("\n")).to_addresses == to


@pytest.mark.parametrize(
    ("values", "holds"),
    [
        (["no", "auto-replied"], "auto-replied"),
        (["auto-replied", "no"], "auto-replied"),
        (["auto-generated", "Auto-Replied (vacation)"], "auto-replied"),
        (["no", "auto-generated"], "auto-generated"),
        (["no"], "no"),
        (["(by a rule) (of \\) mine) auto-replied"], "auto-replied"),
        (["no (auto-replied)"], "no"),
        (["(auto-replied"], ""),
        ([], ""),
    ],
)
def test_of_several_words_on_automatic_mail_the_strictest_holds(tmp_path: Path, values: list[str], holds: str) -> None:
    lines = "".join(f"Auto-Submitted: {value}\n" for value in values)

    assert facts_of(tmp_path, f"{lines}X: y\n\nbody").auto_submitted == holds


def test_cc_is_read_like_to(tmp_path: Path) -> None:
    assert facts_of(tmp_path, "Cc: <B@x.example>\n\nbody").cc_addresses == ("b@x.example",)


def test_from_may_be_folded(tmp_path: Path) -> None:
    assert facts_of(tmp_path, "From: Ann\n\t<a@b.example>\n\n").from_addresses == ("a@b.example",)


def test_a_folded_second_from_is_no_second_field(tmp_path: Path) -> None:
    assert facts_of(tmp_path, "From: a@b.example\n From: c@d.example\n\n").from_addresses == ()


@pytest.mark.parametrize(
    "text",
    [
        b" folded first\r\nFrom: a@b.example\r\n\r\n",
        b"no colon here\r\nFrom: a@b.example\r\n\r\n",
        b"From: a@b.example\r\nno field\r\n\r\n",
        b"Fr om: a@b.example\r\n\r\n",
        b": a@b.example\r\n\r\n",
        b"From: a@b.example\nX: y\r\n\r\n",
        b"From: a@b.example\rX: y\r\n\r\n",
        b"From: a@b.example\0\r\n\r\n",
        b"X: y\r\n" * 1001 + b"\r\n",
    ],
)
def test_a_header_that_is_none_is_refused(tmp_path: Path, text: bytes) -> None:
    with pytest.raises(GatewayError) as caught:
        facts_of(tmp_path, text)

    assert str(caught.value.reply).startswith("554 5.6.0")


def test_a_header_over_the_limit_is_refused(tmp_path: Path) -> None:
    with pytest.raises(GatewayError) as caught:
        facts_of(tmp_path, "X: " + "y" * 200 + "\n\n", limit=100)

    assert caught.value.reply.code == 552


def test_a_mail_without_a_body_is_read(tmp_path: Path) -> None:
    assert facts_of(tmp_path, "From: a@b.example\n").from_addresses == ("a@b.example",)


def test_a_message_id_that_is_none_counts_as_missing(tmp_path: Path) -> None:
    assert facts_of(tmp_path, "Message-ID: <a b>\n\n").message_id == ""


def test_a_long_thread_is_cut_in_the_middle(tmp_path: Path) -> None:
    thread = " ".join(f"<{number}@x>" for number in range(100))

    references = facts_of(tmp_path, f"References: {thread}\n\n").references.split()

    assert len(references) == 20
    assert (references[0], references[-1]) == ("<0@x>", "<99@x>")
