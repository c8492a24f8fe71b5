import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.mail.authors import authors_of

ONE = ("ann@corp.example",)


@pytest.mark.parametrize(
    "field",
    [
        "ann@corp.example",
        " <ann@corp.example> ",
        "Ann <Ann@Corp.Example>",
        "Ann Q. Smith <ann@corp.example>",
        '"Smith, Ann" <ann@corp.example>',
        '"<evil@x.example>" <ann@corp.example>',
        "ann@corp.example (Ann)",
        "(it's (nested)) ann@corp.example",
        '(a") <ann@corp.example> ("b)',
        "=?utf-8?q?evil=40x.example?= <ann@corp.example>",
        "Jörg Ä <ann@corp.example>",
        "J\udcf6rg <ann@corp.example>",  # a name in Latin-1, as old programs write it
    ],
)
def test_one_author(field: str) -> None:
    assert authors_of(field) == ONE


@pytest.mark.parametrize(
    "field",
    [
        "",
        "Ann",
        "Ann <ann@corp.example",
        "ann@corp.example>",
        "<ann@corp.example> trailing",
        "<ann@corp.example><evil@x.example>",
        "evil@x.example <ann@corp.example>",
        "Smith, Ann <ann@corp.example>",
        "group: ann@corp.example;",
        "undisclosed:;",
        "<@relay.example:ann@corp.example>",
        "ann @corp.example",
        "ann@corp .example",
        "<ann@corp.example\0>",
        '"ann"@corp.example',
        "ann@[192.0.2.1]",
        "ann@corp..example",
        "ann@@corp.example",
        "(open ann@corp.example",
        "ann@corp.example)",
        "a\\nn@corp.example",
        "(" * 30 + ")" * 30 + "ann@corp.example",
        "ann@corp.example,",
        "mi\u212ae@corp.example",  # the Kelvin sign, whose small letter is a k
        "\u0130nn@corp.example",
        "ann\udcff@corp.example",
        "ann\u200b@corp.example",
        "ann\u0085@corp.example",
    ],
)
def test_what_is_unclear_names_nobody(field: str) -> None:
    assert authors_of(field) == ()


def test_several_authors_are_all_named() -> None:
    assert authors_of('A <a@x.example>, "B, C" <b@x.example>,c@x.example') == (
        "a@x.example",
        "b@x.example",
        "c@x.example",
    )


def test_a_comment_cannot_hide_an_author() -> None:
    assert authors_of('(a") <evil@x.example>, ("b) <ann@corp.example>') == ("evil@x.example", "ann@corp.example")


@pytest.mark.parametrize(
    ("domain", "compared"),
    [
        ("Bücher.Example", "xn--bcher-kva.example"),
        ("XN--BCHER-KVA.example", "xn--bcher-kva.example"),
        ("faß.example", "xn--fa-hia.example"),
        ("corp。example", "corp。example"),
        ("\uff43orp.example", "\uff43orp.example"),
        ("cor\u00adp.example", None),
    ],
)
def test_a_domain_has_one_form_and_a_look_alike_is_not_mapped_to_it(domain: str, compared: str | None) -> None:
    assert authors_of(f"<jörg@{domain}>") == ((f"jörg@{compared}",) if compared else ())


def test_an_encoded_word_in_an_address_stays_as_it_is() -> None:
    assert authors_of("=?utf-8?q?ann=40corp.example?=@x.example") == ("=?utf-8?q?ann=40corp.example?=@x.example",)


@settings(deadline=None)  # the machine may be busy
@given(st.text(alphabet='ab@.,:;<>()"\\ \t=?é', max_size=40))
def test_any_field_is_understood_or_not(field: str) -> None:
    for address in authors_of(field):
        assert address.count("@") == 1
        assert not set(address) & set('<>(),:;"\\ \t')


@given(st.text(alphabet='ab.@<>()"\\ ,;:-_=?é\u0130', max_size=20))
def test_the_short_way_says_what_the_long_way_says(field: str) -> None:
    assert authors_of(field) == authors_of(f" {field}")  # the short way takes no blanks
