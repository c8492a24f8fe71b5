"""Cover pages through a running daemon: added by command, asked for by mail, read off the pages that were sent."""

import json
import shutil
import smtplib
import subprocess
import time
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from coverpages.cover import shipped
from renderers.faxpage import read_tiff
from renderers.libtiff import decode_page
from samples.demo import DOMAIN, Demo, Sink
from tests.flows.daemons import AMELIA, BEN, demo_with_people
from tests.flows.letters import mail, pdf

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("tesseract") is None, reason="tesseract is not installed"),
]
FAX, OTHER, THIRD = "+12025550100", "+12025550123", "+12025550124"


@pytest.fixture
def gateway(tmp_path: Path) -> Demo:
    """Acme with a cover of its own, and Ben, whose default is the medical one."""
    demo = demo_with_people(tmp_path / "gateway")
    own = tmp_path / "own.html"
    own.write_text(shipped()["plain"].html.replace(">FAX<", ">TELEFAX<").replace("54pt", "28pt"), encoding="utf-8")
    demo.faxgw("covers", "add", "Acme Blue", str(own), "--company", "Acme")
    demo.faxgw("covers", "default", "acme blue", "--company", "Acme")
    demo.faxgw("covers", "default", "medical", "--company", "Acme/Ben")
    return demo


def send(gateway: Demo, message: EmailMessage, sender: str, *recipients: str) -> str:
    with smtplib.SMTP("127.0.0.1", gateway.port, timeout=60) as client:
        client.ehlo("mail.acme.example")
        client.mail(sender)
        for recipient in recipients:
            client.rcpt(f"{recipient}@{DOMAIN}")
        code, words = client.data(message.as_bytes(policy=policy.SMTP))
        return f"{code} {words.decode()}"


def ended(gateway: Demo, count: int, seconds: float = 90) -> dict[str, str]:
    """The id of each job by its number, when so many have been sent."""
    deadline = time.monotonic() + seconds
    while True:
        jobs = json.loads(gateway.faxgw("outbound", "list", "-o", "json"))
        if sum(job["state"] == "sent" for job in jobs) == count:
            return {job["destination"]: job["job"] for job in jobs}
        assert time.monotonic() < deadline, jobs
        time.sleep(0.3)


def read(gateway: Demo, job: str) -> list[str]:
    """What a reader finds on each page as sent."""
    tiff = gateway.folder / f"{job}.tif"
    gateway.faxgw("outbound", "show", job, "--save-tiff", str(tiff), "-o", "json")
    found = []
    for index, page in enumerate(read_tiff(tiff)):
        ink = np.unpackbits(decode_page(tiff, index, page.width, page.rows), axis=1)
        picture = tiff.with_suffix(f".{index}.png")
        Image.fromarray(255 - 255 * ink).save(picture, dpi=(204, 196))
        done = subprocess.run(["tesseract", str(picture), "-"], capture_output=True, text=True, check=True)
        found.append(" ".join(done.stdout.split()))
    return found


def test_covers_by_setting_token_and_address_reach_the_line(gateway: Demo, sink: Sink) -> None:
    amelias = mail("The harbor is frozen.", Subject="Harbor report", From=AMELIA, attachments=[pdf()])
    bens = mail(
        "Results enclosed.", Subject="Results %{Ref:HN 2231}", From=BEN, Message_ID="<2@a>", attachments=[pdf()]
    )
    with gateway.daemon():
        assert send(gateway, amelias, AMELIA, f"{FAX}/to=Jo_Ann/co=Harborview", f"{OTHER}/cp=business").startswith(
            "250"
        )
        assert send(gateway, bens, BEN, THIRD).startswith("250")
        unknown = send(gateway, mail(Subject="%{Cover:gala}", From=BEN, Message_ID="<3@a>"), BEN, FAX)
        refused = send(gateway, mail(Subject="%{NoCover}", From=BEN, Message_ID="<4@a>"), BEN, FAX)
        jobs = ended(gateway, 3)

    company = read(gateway, jobs[FAX])
    business = read(gateway, jobs[OTHER])
    medical = read(gateway, jobs[THIRD])
    assert len(company) == len(business) == len(medical) == 2
    for word in ("TELEFAX", "Amelia Ross", "Jo Ann", "Harborview", FAX[1:], "Harbor report", "The harbor is frozen."):
        assert word in company[0], company[0]
    assert "TELEFAX" not in business[0]
    for word in ("Acme", "Subject", "Harbor report", "The harbor is frozen.", OTHER[1:]):
        assert word in business[0], business[0]
    for word in ("CONFIDENTIAL", "Ben Ortiz", "HN 2231", "Results enclosed.", "destroy every page"):
        assert word in medical[0], medical[0]
    assert unknown.startswith("550 5.5.4 there is no cover page 'gala' here; known are Acme Blue, business, medical")
    assert refused.startswith("550 5.5.4 a cover page is always sent for you")
    told = [message_from_bytes(path.read_bytes(), policy=policy.default)["To"] for path in sink.mails]
    assert set(told) == {AMELIA, BEN}


def test_a_long_text_goes_on_over_pages_and_the_count_says_so(gateway: Demo, sink: Sink) -> None:
    text = "\n".join(f"Item {number} of the inventory." for number in range(1, 91))
    with gateway.daemon():
        send(gateway, mail(text, Subject="Inventory", From=BEN), BEN, FAX)
        [job] = ended(gateway, 1).values()

    pages = read(gateway, job)
    assert len(pages) >= 3
    assert f"with this one {len(pages)}" in pages[0] or f" {len(pages)} " in pages[0]
    assert "destroy every page" in pages[0]
    assert "Cover page 2 of" in pages[1]
    everything = " ".join(pages)
    assert sum(f"Item {number} of the inventory" in everything for number in range(1, 91)) >= 88
    assert sink.mails
