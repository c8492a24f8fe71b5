"""Places for copies of faxes as settings write them, which faxes are copied, names that are safe everywhere."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.archive import ArchiveOrder, Direction, Way, is_place, order_of, parse_place, wait_after
from gateway.domain.archive_names import Subject, numbered, safe, stem_of
from gateway.domain.setting_catalog import Effective

AT = datetime(2026, 3, 2, 15, 4, 5, tzinfo=UTC)


def order(naming: str = "original", direction: Direction = Direction.SENT) -> ArchiveOrder:
    return ArchiveOrder(direction, "", naming, "pdf", metadata=False)


@pytest.mark.parametrize(
    ("text", "way", "server", "folder"),
    [
        ("mailto:fax@acme.example", Way.MAIL, "mailto", ""),
        ("ftp://fax@acme.example", Way.FTP, "ftp://acme.example", ""),
        ("ftps://fax@acme.example/in/box/", Way.FTPS, "ftps://acme.example", "in/box"),
        ("ftps://fax@acme.example:990//srv/fax", Way.FTPS, "ftps://acme.example:990", "/srv/fax"),
        ("sftp://fax@acme.example:2222/My%20faxes", Way.SFTP, "sftp://acme.example:2222", "My faxes"),
        ("sftp://fax%40acme.example@[::1]//", Way.SFTP, "sftp://[::1]", "/"),
    ],
)
def test_a_place_is_a_mail_address_or_a_folder_of_a_server(text: str, way: Way, server: str, folder: str) -> None:
    place = parse_place(text)

    assert (place.way, place.server, place.folder) == (way, server, folder)
    assert is_place(text)


@pytest.mark.parametrize(
    "text",
    [
        "fax@acme.example",
        "http://fax@acme.example",
        "ftp://",
        "ftp://acme.example",
        "mailto:acme",
        "mailto:a@b,c@d",
        "sftp://fax:secret@acme.example/",
        "sftp://fax:@acme.example/",
        "ftp://fax@a b",
        "ftp://fax@acme.example/in%0d%0aDELE%20x",
        "ftp://fax@acme.example/../other",
        "sftp://fax@acme.example/in?x=1",
        "sftp://fax@acme.example:70000/",
        "sftp://fax@-acme/",
    ],
)
def test_what_is_no_place_or_holds_a_password_or_a_command_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".") as told:
        parse_place(text)
    assert "secret" not in str(told.value)
    assert not is_place(text)


def test_nothing_is_a_value_for_a_place_that_is_to_be_forgotten() -> None:
    assert is_place("")


@pytest.mark.parametrize(
    ("enabled", "direction", "copied"),
    [
        ("off", "both", []),
        ("on", "both", ["sent", "received"]),
        ("on", "sent", ["sent"]),
        ("on", "received", ["received"]),
    ],
)
def test_settings_say_which_faxes_are_copied(enabled: str, direction: str, copied: list[str]) -> None:
    held = Effective(
        {"archive.enabled": enabled, "archive.direction": direction, "archive.destination": "mailto:a@b.c"}
    )

    assert [one.value for one in Direction if order_of(held, one)] == copied


def test_a_place_that_was_forgotten_makes_an_order_so_that_somebody_hears() -> None:
    found = order_of(Effective({"archive.enabled": "on"}), Direction.SENT)

    assert found is not None
    assert (found.place, found.naming, found.format, found.metadata) == ("", "original", "pdf", False)


@pytest.mark.parametrize(
    ("naming", "direction", "original", "stem"),
    [
        ("generated", Direction.SENT, "Offer.docx", "20260302T150405Z-sent-7K3M9Q2P"),
        ("generated", Direction.RECEIVED, "", "20260302T150405Z-received-7K3M9Q2P"),
        ("original", Direction.SENT, "Offer 12.docx", "Offer 12 7K3M9Q2P"),
        ("original", Direction.SENT, "", "Fax 2026-03-02 1504 to 12025550100 7K3M9Q2P"),
        ("original", Direction.RECEIVED, "", "Fax 2026-03-02 1504 from 12025550100 7K3M9Q2P"),
    ],
)
def test_a_name_tells_its_fax_whichever_way_it_is_made(
    naming: str, direction: Direction, original: str, stem: str
) -> None:
    assert stem_of(order(naming, direction), Subject("7K3M9Q2P", AT, "+12025550100", original)) == stem


def test_a_caller_who_withholds_his_number_is_unknown() -> None:
    assert stem_of(order("original", Direction.RECEIVED), Subject("R1", AT, "")).endswith("from unknown R1")


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd", "etc passwd"),
        ("a\r\nSTOR b", "a STOR b"),
        (".htaccess", "htaccess"),
        ("-rf", "rf"),
        ("con", "file con"),
        ("COM1.x", "file COM1.x"),
        ("Räch\u0308nung №7", "Räcḧnung №7"),
        ("$(reboot)`x`", "(reboot) x"),
        ("\u202egnp.exe", "gnp.exe"),
        (" . ", ""),
    ],
)
def test_what_strangers_call_a_file_leads_nowhere_and_commands_nothing(name: str, kept: str) -> None:
    assert safe(name) == kept


@given(st.text(max_size=400))
def test_a_name_is_one_short_printable_word_of_a_path_whatever_came(name: str) -> None:
    stem = stem_of(order(), Subject("7K3M9Q2P", AT, "+12025550100", name))

    assert stem.isprintable()
    assert not set(stem) & set('/\\:*?"<>|\0')
    assert stem[0] not in ".-"
    assert len(f"{numbered(stem, 50)}.part".encode()) <= 255
    assert stem.endswith(" 7K3M9Q2P")


def test_the_next_name_is_like_the_first() -> None:
    assert (numbered("a", 1), numbered("a", 2)) == ("a", "a-2")


def test_waits_grow_to_four_hours_and_are_spread() -> None:
    assert wait_after(1, 0.5) == timedelta(minutes=1)
    assert wait_after(99, 0.5) == timedelta(hours=4)
    assert wait_after(2, 0.0) < wait_after(2, 1.0)
