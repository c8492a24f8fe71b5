"""A domain has one form for us, and the one that its owner writes for people, where nobody is misled by it."""

import pytest

from gateway.domain.mail_names import ascii_address, readable_address


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("jo@bücher.example", "jo@xn--bcher-kva.example"),
        ("jo@bu\u0308cher.example", "jo@xn--bcher-kva.example"),  # letter and dots apart, as macOS writes them
        ("mu\u0308ller@acme.example", "müller@acme.example"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("jo@acme.example", "jo@acme.example"),
        ("jo@ａcme.example", "jo@ａcme.example"),  # noqa: RUF001 - a look-alike stays one
    ],
)
def test_a_domain_is_kept_as_the_dns_has_it(written: str, kept: str) -> None:
    assert ascii_address(written) == kept


@pytest.mark.parametrize(
    "address",
    [
        "jo@bücher.example",
        "bücher.example",
        "жанна@почта.рф",
        "jo@日本語.example",
        "jo@東京タワー.example",
        "jo@한국.example",
        "jo@ελλάδα.example",
        "jo@नमस्ते.example",
        "jo@wetter-köln24.example",
        "jo@acme.example",
    ],
)
def test_people_read_their_own_name(address: str) -> None:
    assert readable_address(ascii_address(address)) == address


@pytest.mark.parametrize(
    "domain",
    [
        "аррӏе.example",  # noqa: RUF001 - all of it Cyrillic
        "ουα.example",  # noqa: RUF001 - all of it Greek
        "αpple.example",  # noqa: RUF001 - one letter is Greek
        "paypaı.example",  # noqa: RUF001 - the dot is missing
        "ɡoogle.example",  # noqa: RUF001 - a g of phonetics
        "日本abc.example",
    ],
)
def test_what_looks_like_another_name_is_shown_as_the_dns_has_it(domain: str) -> None:
    assert readable_address(ascii_address(f"jo@{domain}")).startswith("jo@xn--")


@pytest.mark.parametrize("address", ["jo@xn--.example", "jo@xn--\u00fc.example", "jo@xn--zzzzzzzzzzzz.example"])
def test_what_is_no_name_stays_as_it_is(address: str) -> None:
    assert readable_address(address) == address
