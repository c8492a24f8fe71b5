"""Welcome messages and first passwords: what is mailed, who may send it, and what a code is good for."""

import re
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.admin import passwords, welcome
from gateway.admin.welcome import Kind
from gateway.domain.dates import DateStyle
from gateway.domain.errors import NotAllowedError, RefusedError, UsageError
from gateway.domain.first_password import ALPHABET, LIFE, MOST_TRIES, code_digest, made_code
from gateway.domain.nodes import User
from gateway.mail.messages import Voice
from gateway.mail.welcome_letter import Code, Welcome, welcome_letter
from gateway.signing_in import Verdict, sign_in
from gateway.store import first_passwords, outbox, tree, tree_changes
from gateway.store.database import Database
from tests.actors import AT, administrator, root
from tests.filled_store import process
from tests.flows.commands import Commands

GOLDEN = Path(__file__).parents[1] / "golden" / "welcome.txt"
VOICE = Voice("Fax gateway", "postmaster@fax.example", "fax.example")
NEW = "Correct-h0rse-battery"
WRONG = "0000-0000-0000-0000"


def sent(db: Database, user: User, kind: Kind | None = Kind.WITH_CREDENTIALS) -> EmailMessage:
    welcome.send(root(db), user.path, kind, lambda _user: VOICE)
    newest = outbox.content(db, outbox.listing(db)[0].id)
    message = message_from_bytes(newest or b"", policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def words(message: EmailMessage) -> str:
    body = message.get_body(("plain",))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


@pytest.fixture
def code(db: Database, user: User) -> str:
    found = re.search(r"^Your code: (\S+)$", words(sent(db, user)), re.M)
    assert found is not None
    return found[1]


def test_the_message_reads_as_the_golden_mail(user: User) -> None:
    anna = replace(user, fax_number="+12025550190", receiving_addresses=("fax@acme.example",))
    code = Code("7K3M-9Q2P-2B8Q-X4TD", AT + LIFE)
    notice = welcome_letter(Welcome(anna, VOICE, AT, DateStyle("Europe/Berlin", "dd.MM.yyyy", "HH:mm"), code))

    message = message_from_bytes(notice.message, policy=policy.default)
    assert isinstance(message, EmailMessage)
    headers = "\n".join(f"{name}: {value}" for name, value in message.items() if name != "Content-Type")
    assert f"{headers}\n\n{words(message)}" == GOLDEN.read_text(encoding="utf-8")
    html = next(part for part in message.walk() if part.get_content_type() == "text/html").get_content()
    assert code.text in html
    assert not re.search(r"href|src=|https?:", html)


def test_a_plain_message_has_no_code(db: Database, user: User) -> None:
    text = words(sent(db, user, Kind.PLAIN))

    assert "Your user name: anna" in text
    assert "none: you send only" in text
    assert "code" not in text


@pytest.mark.parametrize(("value", "kind"), [("welcome", "welcome"), ("welcome-with-credentials", None)])
def test_without_a_word_the_settings_say_which(db: Database, user: User, value: str, kind: str | None) -> None:
    tree.set_setting(db, "Acme/Sales", "notify.welcome", value)
    sent(db, user, None)

    assert outbox.listing(db)[0].kind == (kind or Kind.WITH_CREDENTIALS.value)


def test_where_the_settings_say_none_one_must_be_named(db: Database, user: User) -> None:
    with pytest.raises(RefusedError, match="--plain or --with-credentials"):
        sent(db, user, None)


def test_nothing_goes_to_a_locked_user(db: Database, user: User) -> None:
    tree_changes.set_locked(db, user.id, locked=True)

    with pytest.raises(RefusedError, match="is locked"):
        sent(db, user, Kind.PLAIN)
    assert outbox.listing(db) == ()


def test_a_code_takes_the_right_to_set_passwords_too(db: Database, user: User) -> None:
    ada = administrator(db, "Acme", "notifications.welcome")
    welcome.send(ada, user.path, Kind.PLAIN, lambda _user: VOICE)

    with pytest.raises(NotAllowedError, match=r"users\.password"):
        welcome.send(ada, user.path, Kind.WITH_CREDENTIALS, lambda _user: VOICE)
    with pytest.raises(NotAllowedError, match=r"notifications\.welcome"):
        welcome.send(administrator(db, "Acme", "users"), user.path, Kind.PLAIN, lambda _user: VOICE)
    assert len(outbox.listing(db)) == 1


def test_the_journal_tells_of_the_message_and_not_the_code(db: Database, user: User) -> None:
    changed = welcome.send(root(db), user.path, Kind.WITH_CREDENTIALS, lambda _user: VOICE)

    [entry] = changed.entries
    assert (entry.what, entry.target) == ("user.welcome", user.path)
    assert entry.after == '{"message":"welcome-with-credentials","to":"anna@acme.example"}'


def test_a_trial_gives_no_code_away(db: Database, user: User, code: str) -> None:
    welcome.send(root(db, dry_run=True), user.path, Kind.WITH_CREDENTIALS, lambda _user: VOICE)

    welcome.redeem(db, "anna", code, NEW, AT)
    assert len(outbox.listing(db)) == 1


def test_a_code_sets_a_password_once_and_is_none_itself(db: Database, code: str) -> None:
    assert sign_in(db, "anna", code, AT).verdict is not Verdict.WELCOME
    welcome.redeem(db, "Anna", f" {code.lower()} ", NEW, AT)

    assert sign_in(db, "anna", NEW, AT).verdict is Verdict.WELCOME
    with pytest.raises(NotAllowedError, match="was used"):
        welcome.redeem(db, "anna", code, f"{NEW}-2", AT)


def test_a_password_that_the_policy_refuses_leaves_the_code_good(db: Database, code: str) -> None:
    with pytest.raises(RefusedError, match="policy"):
        welcome.redeem(db, "anna", code, "short", AT)

    welcome.redeem(db, "anna", code, NEW, AT)


def test_a_code_is_good_for_seven_days(db: Database, code: str) -> None:
    with pytest.raises(NotAllowedError, match="good no more"):
        welcome.redeem(db, "anna", code, NEW, AT + LIFE)

    welcome.redeem(db, "anna", code, NEW, AT + LIFE - timedelta(seconds=1))


def test_codes_whose_time_is_over_are_forgotten(db: Database, code: str) -> None:
    swept = [first_passwords.sweep(db, AT + LIFE + timedelta(seconds=late)) for late in (-1, 0, 0)]

    assert swept == [0, 1, 0]
    with pytest.raises(NotAllowedError, match="is wrong"):
        welcome.redeem(db, "anna", code, NEW, AT)


def test_wrong_codes_end_the_right_one(db: Database, code: str) -> None:
    for _ in range(MOST_TRIES):
        with pytest.raises(NotAllowedError, match="is wrong"):
            welcome.redeem(db, "anna", WRONG, NEW, AT)

    with pytest.raises(NotAllowedError, match="tried too often"):
        welcome.redeem(db, "anna", code, NEW, AT)


@pytest.mark.parametrize("name", ["nobody", "ada"])
def test_a_stranger_is_told_no_more_than_a_wrong_code(db: Database, code: str, name: str) -> None:
    with pytest.raises(NotAllowedError, match="user name or the code is wrong"):
        welcome.redeem(db, name, code, NEW, AT)


def test_only_the_newest_code_is_good(db: Database, user: User, code: str) -> None:
    sent(db, user)

    with pytest.raises(NotAllowedError):
        welcome.redeem(db, "anna", code, NEW, AT)


def test_a_password_set_otherwise_and_a_deletion_end_a_code(db: Database, user: User, code: str) -> None:
    passwords.set_password(root(db), "anna", NEW)
    with pytest.raises(NotAllowedError):
        welcome.redeem(db, "anna", code, f"{NEW}-2", AT)

    sent(db, user)
    tree_changes.remove(db, user.id, AT)
    with pytest.raises(NotAllowedError):
        welcome.redeem(db, "anna", code, NEW, AT)


def test_who_is_locked_meanwhile_redeems_nothing(db: Database, user: User, code: str) -> None:
    tree_changes.set_locked(db, user.id, locked=True)

    with pytest.raises(NotAllowedError):
        welcome.redeem(db, "anna", code, NEW, AT)


def test_what_was_sent_keeps_no_code(db: Database, code: str, tmp_path: Path) -> None:
    here = process(db, tmp_path)
    claim = outbox.claim_mail(db, here.id, AT)
    assert claim is not None
    assert code.encode() in claim.message
    outbox.mail_sent(db, claim, AT, "250 OK")
    here.lock.close()

    assert outbox.content(db, claim.id) == b""
    welcome.redeem(db, "anna", code, NEW, AT)


@given(st.randoms(use_true_random=False))
def test_codes_are_read_as_people_type_them(chance: object) -> None:
    code = made_code(chance.choice)  # type: ignore[attr-defined]

    typed = {
        code,
        code.lower(),
        code.replace("-", ""),
        code.replace("-", " "),
        code.replace("0", "O").replace("1", "l"),
    }
    assert len({code_digest(text) for text in typed}) == 1
    assert re.fullmatch(rf"([{ALPHABET}]{{4}}-){{3}}[{ALPHABET}]{{4}}", code)


@pytest.mark.parametrize("text", ["", "7K3M", "7K3M-9Q2P-2B8Q-X4T!", "7K3M-9Q2P-2B8Q-X4TDX"])
def test_what_cannot_be_a_code_is_told(db: Database, text: str) -> None:
    with pytest.raises(UsageError, match="as in 7K3M"):
        welcome.redeem(db, "anna", text, NEW, AT)


@pytest.fixture
def faxgw(user: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Commands:
    assert user.user_name == "anna"
    return Commands(tmp_path, monkeypatch, capsys)


def test_the_commands_lead_from_a_message_to_a_password(faxgw: Commands, db: Database, tmp_path: Path) -> None:
    done = faxgw("user", "welcome", "anna", "--with-credentials")
    assert (done.code, done.err) == (0, "the welcome message for Acme/Sales/anna goes to anna@acme.example\n")
    text = (outbox.content(db, outbox.listing(db)[0].id) or b"").decode()
    (tmp_path / "code").write_text(text.split("Your code: ")[1].split()[0])
    (tmp_path / "new").write_text(NEW)

    files = ("--code-file", str(tmp_path / "code"), "--password-file", str(tmp_path / "new"))
    redeemed = faxgw("password", "redeem", "anna", *files)
    assert (redeemed.code, redeemed.err) == (0, "the password of anna is set; the code is used up\n")
    assert faxgw("password", "redeem", "anna", *files).code == 4
    assert faxgw("user", "welcome", "anna").code == 6
    assert faxgw("user", "welcome", "anna", "--plain", "--with-credentials").code == 2
