"""The file of logins: for its owner alone, strict, silent about what it holds; whose login fits which place."""

from pathlib import Path

import pytest

from gateway.archiving.logins import login_for, read_logins
from gateway.archiving.parcel import NotKeptError
from gateway.domain.archive import parse_place
from gateway.domain.errors import UsageError

PLACE = parse_place("sftp://faxes@files.acme.example/in")


def written(folder: Path, text: str, mode: int = 0o600) -> Path:
    file = folder / "logins.toml"
    file.write_text(text, encoding="utf-8")
    file.chmod(mode)
    return file


def login(server: str = "sftp://faxes@files.acme.example", company: str = "Acme", more: str = "") -> str:
    return f'[[login]]\nserver = "{server}"\ncompany = "{company}"\n{more}\n'


def test_without_a_file_there_are_no_logins() -> None:
    assert read_logins(None) == ()


def test_a_login_is_for_a_server_and_a_company(tmp_path: Path) -> None:
    [found] = read_logins(written(tmp_path, login(more='password = "c0pies"')))

    assert (found.server.host, found.server.user, found.company, found.password) == (
        "files.acme.example", "faxes", "Acme", "c0pies",
    )  # fmt: skip
    assert "c0pies" not in repr(found)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
def test_a_file_that_others_may_read_is_not_used(tmp_path: Path, mode: int) -> None:
    with pytest.raises(UsageError, match="chmod 600"):
        read_logins(written(tmp_path, login(), mode))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[[login]", "no TOML"),
        ("[login]\nserver = 1", r"\[\[login\]\]"),
        ("other = 1", r"\[\[login\]\]"),
        (login(more='pasword = "s3cret"'), "login 1: write company, key"),
        (login(more="password = 17"), "each as text"),
        (login("sftp://files.acme.example"), "login 1: server: "),
        (login("mailto:a@b.example"), "without a folder"),
        (login("sftp://faxes@files.acme.example/in"), "without a folder"),
        (login("sftp://faxes:s3cret@files.acme.example"), "no setting"),
        (login(company=""), "whose it is"),
        (login() + login(more='key = "nowhere"'), "login 2: key must name a file"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_repeated(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words) as told:
        read_logins(written(tmp_path, text))
    assert "s3cret" not in str(told.value)


def test_a_private_key_that_others_may_read_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "id").write_text("key")
    (tmp_path / "id").chmod(0o644)

    with pytest.raises(UsageError, match="nobody else may read"):
        read_logins(written(tmp_path, login(more='key = "id"')))


def test_a_login_serves_its_own_company_and_that_for_all_the_others(tmp_path: Path) -> None:
    logins = read_logins(
        written(tmp_path, login(company="*", more='password = "all"') + login(more='password = "own"'))
    )

    assert login_for(logins, PLACE, "Acme").password == "own"
    assert login_for(logins, PLACE, "Beta").password == "all"


@pytest.mark.parametrize(
    "place",
    [
        "sftp://faxes@files.acme.example:2222/in",
        "sftp://other@files.acme.example/in",
        "sftp://faxes@files.beta.example/in",
        "ftps://faxes@files.acme.example/in",
    ],
)
def test_a_server_that_the_file_does_not_name_is_not_spoken_to(tmp_path: Path, place: str) -> None:
    logins = read_logins(written(tmp_path, login()))

    with pytest.raises(NotKeptError, match="there is no login"):
        login_for(logins, parse_place(place), "Acme")


def test_no_company_uses_the_login_of_another(tmp_path: Path) -> None:
    with pytest.raises(NotKeptError, match="of Beta"):
        login_for(read_logins(written(tmp_path, login())), PLACE, "Beta")
