"""A company's own looks of notices: who may set them, what is refused, and what a preview shows."""

import json
from collections.abc import Iterator
from dataclasses import replace
from email import message_from_bytes, policy
from hashlib import sha256
from pathlib import Path

import pytest

from gateway.admin import notice_templates as admin
from gateway.admin.acts import Door
from gateway.admin.notice_templates import TemplateFiles
from gateway.domain.errors import NotAllowedError, NotFoundError, RefusedError, UsageError
from gateway.domain.notice_templates import NoticeTemplate
from gateway.mail.messages import Voice
from gateway.mail.notice_looks import start
from gateway.store.database import Database
from tests.actors import AT, administrator, root
from tests.filled_store import anna, opened

VOICE = Voice("Fax", "postmaster@fax.example", "fax.example")
WHOLE = b"{{ happened }} {{ next }} {{ facts }} {{ tables }}"
SUBJECT = TemplateFiles("Acme: {{ title }}")


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    with opened(tmp_path) as database:
        anna(database)
        yield database


def texts(door: Door) -> list[tuple[str, str, NoticeTemplate]]:
    return [(one.company, one.kind, one.template) for one in admin.listed(door)]


def test_a_template_is_kept_piece_by_piece(db: Database) -> None:
    admin.put(root(db), "Acme", "all", SUBJECT)
    admin.put(root(db), "Acme", "all", TemplateFiles(text=WHOLE))

    assert texts(root(db)) == [("Acme", "all", NoticeTemplate("Acme: {{ title }}", WHOLE.decode()))]


def test_an_empty_piece_is_as_for_everybody_again(db: Database) -> None:
    admin.put(root(db), "Acme", "all", TemplateFiles("Acme: {{ title }}", WHOLE))
    admin.put(root(db), "Acme", "all", TemplateFiles(text=b""))

    assert texts(root(db)) == [("Acme", "all", NoticeTemplate("Acme: {{ title }}"))]


def test_the_journal_tells_of_it_by_digest(db: Database) -> None:
    made = admin.put(root(db), "Acme", "all", TemplateFiles(text=WHOLE))

    [entry] = made.entries
    assert (entry.what, entry.target, entry.before) == ("notices.set", "Acme", "{}")
    assert json.loads(entry.after) == {"kind": "all", "subject": "", "text": sha256(WHOLE).hexdigest()}


def test_a_trial_keeps_nothing(db: Database) -> None:
    tried = admin.put(root(db, dry_run=True), "Acme", "all", SUBJECT)

    assert len(tried.entries) == 1
    assert texts(root(db)) == []


@pytest.mark.parametrize(
    ("files", "words"),
    [
        (TemplateFiles(html=b"{{ happened }}"), r"line 1: {{ next }} is missing in the html of good news"),
        (TemplateFiles(html=WHOLE + b"<img src=http://x.example/a.png>"), "nothing is fetched"),
        (TemplateFiles(text=b"{{ body }}"), "unknown field 'body'"),
        (TemplateFiles(text=b"\xff"), "the text cannot be used: line 1: byte 0xff is not UTF-8"),
        (TemplateFiles("Hello"), "{{ title }} is missing in the subject"),
    ],
)
def test_what_cannot_be_used_is_refused_and_not_kept(db: Database, files: TemplateFiles, words: str) -> None:
    with pytest.raises(RefusedError, match=words):
        admin.put(root(db), "Acme", "all", files)

    assert texts(root(db)) == []


def test_nothing_given_is_a_mistake(db: Database) -> None:
    with pytest.raises(UsageError, match="say --subject, --text or --html"):
        admin.put(root(db), "Acme", "all", TemplateFiles())


@pytest.mark.parametrize("place", ["Acme/Sales", "anna@acme.example"])
def test_notices_look_alike_for_all_of_a_company(db: Database, place: str) -> None:
    with pytest.raises(UsageError, match="is no company"):
        admin.put(root(db), place, "all", SUBJECT)


def test_a_removed_look_is_gone_and_cannot_be_removed_again(db: Database) -> None:
    admin.put(root(db), "Acme", "all", SUBJECT)

    admin.remove(root(db), "Acme", "all")

    assert texts(root(db)) == []
    with pytest.raises(NotFoundError, match="no template of its own"):
        admin.remove(root(db), "Acme", "all")


def test_one_look_is_shown_and_one_that_is_not_there_is_said_to_be_missing(db: Database) -> None:
    admin.put(root(db), "Acme", "all", SUBJECT)

    assert admin.shown(root(db), "Acme", "all").added == AT
    with pytest.raises(NotFoundError, match="Acme has no template of its own for delivery-failure"):
        admin.shown(root(db), "Acme", "delivery-failure")


def test_it_takes_the_right_to_change_notifications(db: Database) -> None:
    viewer = administrator(db, "Acme", "notifications.view")

    assert admin.listed(viewer) == ()
    with pytest.raises(NotAllowedError, match=r"notifications\.change"):
        admin.put(viewer, "Acme", "all", SUBJECT)
    with pytest.raises(NotAllowedError):
        admin.listed(administrator(db, "Acme", "users"))


def test_an_administrator_sees_the_own_company_alone(db: Database) -> None:
    admin.put(root(db), "Acme", "all", SUBJECT)

    assert [one.company for one in admin.listed(administrator(db, "Acme/Sales", "notifications.view"))] == ["Acme"]


# Previews.


@pytest.mark.parametrize("kind", admin.sample_kinds())
def test_every_kind_of_notice_can_be_looked_at(db: Database, kind: str) -> None:
    made = admin.preview(root(db), VOICE, "", kind, TemplateFiles())

    mail = message_from_bytes(made.message, policy=policy.default)
    assert mail["Subject"] == made.look.subject
    assert "What to do:" in made.look.text


@pytest.mark.parametrize("kind", admin.sample_kinds())
def test_every_kind_of_notice_can_be_looked_at_in_a_dress(db: Database, kind: str) -> None:
    own = start()
    files = TemplateFiles(own.subject, own.text.encode(), own.html.replace("<h1", "<hr><h1").encode())
    admin.put(root(db), "Acme", "all", files)

    dressed = admin.preview(root(db), VOICE, "Acme", kind, TemplateFiles())
    plain = admin.preview(root(db), VOICE, "", kind, TemplateFiles())

    assert dressed.look.subject == plain.look.subject
    assert "<strong>Acme</strong>" in dressed.look.html
    assert "<hr>" in dressed.look.html
    assert "<hr>" not in plain.look.html


def test_a_received_fax_is_shown_with_its_file_and_in_its_own_template(db: Database) -> None:
    admin.put(root(db), "Acme", "received-fax", SUBJECT)

    mail = message_from_bytes(
        admin.preview(root(db), VOICE, "Acme", "received-fax", TemplateFiles()).message, policy=policy.default
    )

    assert mail["Subject"] == "Acme: Fax from +1 415 555 0100: 1 page"
    [file] = mail.iter_attachments()
    assert file.get_content().startswith(b"%PDF")


def test_files_are_looked_at_before_they_are_kept(db: Database) -> None:
    made = admin.preview(root(db), VOICE, "Acme", "refusal", replace(SUBJECT, text=WHOLE))

    assert made.look.subject.startswith("Acme: Fax to 4155550100 could not be sent")
    assert texts(root(db)) == []
