"""Both halves together: our own call to our own number, and far ends that call us, up to the mail with the fax."""

import asyncio
import json
from email.message import EmailMessage
from io import BytesIO

import pikepdf
import pytest
from pikepdf import PdfImage
from PIL import Image, ImageOps
from sqlmodel import text

from gateway.domain.call import CallReport, Cause, Coding, report_of
from gateway.domain.job import JobState
from gateway.domain.received import ReceivedState
from gateway.fax.simulator.exchange import Exchange
from gateway.fax.simulator.transport import SimulatorTransport
from gateway.fax.t4 import classf, codec
from gateway.fax.t4.classf import PageFile
from gateway.fax.t4.page import Bitmap, PageShape, Resolution
from gateway.flows.call_in import BROKEN_OFF, CallIn
from gateway.flows.forward import Forward
from gateway.mail.relay import Relay, RelaySettings
from gateway.store import received, routes, simulated_calls, tree_changes
from gateway.store.simulated_calls import Answer, AskedCall
from tests.fakes import SinkRelay
from tests.fax_calls import text_bitmap
from tests.filled_store import NOW
from tests.flows.letters import mail
from tests.flows.receptions import OURS, ben, newest, receiver
from tests.flows.stage import VOICE, Stage

CALLER = "+13125550142"
BITMAPS = [text_bitmap(1), text_bitmap(2)]


class House:
    """A stage whose lines call and answer; its relay has no limit of size."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        folder = stage.folder / "simulator"
        self.line = SimulatorTransport(Exchange.load(), stage.clock, folder, receiver(stage))
        self.user = ben(stage)
        self.calls = CallIn(stage.db, stage.spool, self.line, stage.process.id)

    def pages(self, digest: str) -> list[Bitmap]:
        file = PageFile(self.stage.spool.path(digest))
        return [codec.decode(file.page(index))[0] for index in range(len(file))]

    async def faxed(self, address: str = OURS) -> None:
        """A mail to our own number, as far as the end of its call."""
        await self.stage.rendered(mail(), address)
        assert await self.stage.transmit(self.line).next()

    async def called(self, far_end: str = "", digest: str = "") -> Answer:
        """A far end's call, as far as its end."""
        roles = text("UPDATE process SET roles = 'inbound'")
        self.stage.db.write(lambda session: session.connection().execute(roles))
        path = self.stage.folder / "fax.tif"
        classf.write_pages(path, [codec.encode(bitmap, Coding.MMR) for bitmap in BITMAPS])
        kept = digest or self.stage.spool.put_copy(path)
        wanted = AskedCall("far-1", OURS, CALLER, far_end, "+1 312 555 0142", "", 0, kept)
        number = simulated_calls.ask(self.stage.db, wanted, NOW)
        assert await self.calls.next()
        return simulated_calls.look(self.stage.db, number)

    async def forwarded(self) -> EmailMessage:
        """The mail that brings a fax to Ben."""
        async with SinkRelay() as sink:
            relay = Relay(RelaySettings("127.0.0.1", sink.port, timeout=10))
            forward = Forward(self.stage.db, self.stage.spool, self.stage.clock, relay, VOICE, self.stage.process.id)
            assert await forward.next()
            notify = self.stage.notify(sink.port)
            while await notify.next():
                pass
        [found] = [mail.message for mail in sink.mails if mail.message["X-Fax-Received"]]
        return found


@pytest.fixture
def house(stage: Stage) -> House:
    return House(stage)


def pels_of(file: bytes) -> list[Bitmap]:
    """The pages of a PDF, each of which is one image."""
    with pikepdf.open(BytesIO(file)) as document:
        images = [PdfImage(image) for page in document.pages for image in page.get_images().values()]
        return [_bitmap(image.as_pil_image()) for image in images]


def _bitmap(image: Image.Image) -> Bitmap:
    """Black is one, as on a fax."""
    shape = PageShape(image.width, image.height, Resolution.FINE)
    return Bitmap(shape, ImageOps.invert(image.convert("L")).convert("1").tobytes())


@pytest.mark.usefixtures("engine")
async def test_a_mail_to_our_own_number_comes_back_as_a_mail_with_the_same_pages(house: House) -> None:
    await house.faxed()
    message = await house.forwarded()

    fax, detail = received.by_number(house.stage.db, newest(house.stage)), house.stage.detail
    assert (detail.job.state, fax.state, fax.pages) == (JobState.SENT, ReceivedState.RECEIVED, detail.job.pages)
    [attempt] = detail.attempts
    sent = house.pages(attempt.tiff_digest)
    assert house.pages(fax.tiff_digest) == sent
    assert attempt.started < fax.started < attempt.ended == fax.ended
    [file] = message.iter_attachments()
    assert pels_of(file.get_content()) == sent
    assert message["To"] == "ben@acme.example"


async def test_the_sub_address_in_a_mails_address_leads_to_whom_it_names(house: House) -> None:
    cleo = ben(house.stage, "+12025550178", name="Cleo")
    routes.set_rule(house.stage.db, OURS, "42", cleo.id, ())

    await house.faxed(f"{OURS}/T33S=42")

    fax = received.by_number(house.stage.db, newest(house.stage))
    assert (fax.sub_address, fax.user_id) == ("42", cleo.id)
    assert (await house.forwarded())["To"] == "cleo@acme.example"


async def test_a_loop_to_a_locked_user_is_busy_and_leaves_no_fax(house: House) -> None:
    tree_changes.set_locked(house.stage.db, house.user.id, locked=True)

    await house.faxed()

    assert house.stage.detail.attempts[0].outcome == "Busy"
    assert house.stage.db.glance("SELECT count(*) FROM received") == 0


async def test_a_far_end_calls_and_its_pages_are_mailed(house: House) -> None:
    answer = await house.called()

    fax = received.by_number(house.stage.db, newest(house.stage))
    assert answer.fax == fax.public_id
    assert report_of(json.loads(answer.report)).pages_confirmed == 2
    assert (fax.caller, fax.remote_id, fax.state) == (CALLER, "+1 312 555 0142", ReceivedState.RECEIVED)
    assert pels_of(next((await house.forwarded()).iter_attachments()).get_content()) == BITMAPS


async def test_a_far_end_that_drops_leaves_a_partial_fax_that_is_mailed(house: House) -> None:
    answer = await house.called("drops_on_page_2")

    fax = received.by_number(house.stage.db, newest(house.stage))
    assert report_of(json.loads(answer.report)).cause is Cause.LINE_DROPPED
    assert fax.partial
    assert pels_of(next((await house.forwarded()).iter_attachments()).get_content()) == BITMAPS[:1]


@pytest.mark.parametrize(
    ("far_end", "digest", "words"),
    [("nobody", "", "there is no far end 'nobody'"), ("", "ab" * 32, "the spool does not hold abab")],
)
async def test_a_call_that_cannot_be_placed_is_answered_with_why(
    house: House, far_end: str, digest: str, words: str
) -> None:
    answer = await house.called(far_end, digest)

    assert answer.fault.startswith(words)
    assert answer.fax == ""


async def test_who_asked_for_a_call_hears_that_it_was_broken_off(house: House) -> None:
    house.line.call_in = broken_off

    with pytest.raises(asyncio.CancelledError):
        await house.called()

    assert house.stage.db.glance("SELECT fault FROM simulated_call") == BROKEN_OFF


async def broken_off(_call: object) -> CallReport:
    raise asyncio.CancelledError


async def test_without_a_call_that_waits_there_is_nothing_to_do(house: House) -> None:
    assert not await house.calls.next()
