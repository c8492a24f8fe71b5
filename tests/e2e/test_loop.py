"""Faxes that come in at a running daemon: our own to our own number, and a far end's; each arrives as it was sent."""

import smtplib
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from io import BytesIO
from pathlib import Path

import pikepdf
import pytest
from pikepdf import PdfImage
from PIL import Image, ImageSequence

from gateway.admin import users
from gateway.store import jobs
from gateway.store.database import Database
from gateway.store.migrate import open_store
from gateway.store.spool import Spool
from samples.demo import DOMAIN, Demo, Sink
from tests.actors import root
from tests.e2e.test_mails import wait_until
from tests.flows.daemons import AMELIA
from tests.flows.letters import mail, pdf

OURS, CALLER = "+12065550142", "+13125550147"
DORA = "dora.winter@acme.example"

pytestmark = pytest.mark.slow


@pytest.fixture
def db(gateway: Demo) -> Iterator[Database]:
    """The store of a gateway where Dora has a fax number."""
    store = gateway.folder / "store"
    opened = open_store(f"sqlite:///{store / 'faxgw.sqlite'}", store)
    users.add_user(root(opened), users.UserForm("Acme", "Dora", "Winter", [DORA], [DORA], fax_number=OURS))
    yield opened
    opened.close()


def faxes(sink: Sink) -> list[EmailMessage]:
    """The mails that bring faxes to Dora."""
    mails = [message_from_bytes(path.read_bytes(), policy=policy.default) for path in sink.mails]
    return [one for one in mails if one["X-Fax-Received"]]  # type: ignore[misc]


def pages_of(message: EmailMessage) -> list[bytes]:
    """The pels of the PDF that a mail brings, page by page, as another library reads them."""
    [file] = message.iter_attachments()
    with pikepdf.open(BytesIO(file.get_content())) as document:
        images = [PdfImage(image) for page in document.pages for image in page.get_images().values()]
        return [image.as_pil_image().convert("1").tobytes() for image in images]


def pages_in(path: Path) -> list[bytes]:
    """The pels of a TIFF."""
    with Image.open(path) as pages:
        return [page.convert("1").tobytes() for page in ImageSequence.Iterator(pages)]


def as_sent(gateway: Demo, db: Database) -> Path:
    """The only job's pages, as they went on the line."""
    [job] = jobs.listing(db)
    [attempt] = jobs.detail(db, job.public_id).attempts
    return Spool(gateway.folder / "store" / "spool").path(attempt.tiff_digest)


def test_what_is_faxed_to_our_own_number_arrives_as_a_mail_pel_for_pel(gateway: Demo, db: Database, sink: Sink) -> None:
    with gateway.daemon():
        with smtplib.SMTP("127.0.0.1", gateway.port, timeout=30) as client:
            client.send_message(mail(attachments=[pdf(2)], From=AMELIA), AMELIA, [f"{OURS}@{DOMAIN}"])
        wait_until(lambda: len(faxes(sink)) == 1)
        sent = as_sent(gateway, db)
        gateway.faxgw("simulate", "call-in", OURS, str(sent), "--from", CALLER)
        wait_until(lambda: len(faxes(sink)) == 2)

    ours, theirs = faxes(sink)
    assert pages_of(ours) == pages_of(theirs) == pages_in(sent)
    assert len(pages_in(sent)) == 3  # the cover, too
    assert ours["To"] == theirs["To"] == DORA
    assert "+1 312 555 0147" in str(theirs["Subject"])
