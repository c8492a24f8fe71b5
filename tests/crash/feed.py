"""Mails for a house that is treated badly: sent through its listeners, and written down outside of it after each 250.

A mail whose answer was lost is sent again, as any mail server does, or given up: then it may be faxed or not, but not
twice.
"""

import itertools
import json
import os
import random
import smtplib
import threading
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from renderers.faxpage import FaxPage, Resolution, write_tiff
from renderers.libtiff import encode
from tests.crash.house import DOMAIN, SENDER, House, number
from tests.flows.letters import mail

MOST_PAGES = 3
PATIENCE = 20  # seconds that a sender waits for an answer
GIVE_UP = 0.1  # the share of mails without an answer that nobody sends again
RECIPIENTS = (1, 1, 1, 2, 8)  # of a mail, each as likely
SENDERS = 4  # at once: one may wait for the answer of a node that is frozen


@dataclass(frozen=True)
class Letter:
    """One mail, and the faxes it asks for."""

    key: str
    numbers: tuple[str, ...]
    pages: int

    def octets(self, folder: Path) -> bytes:
        tiff = folder / f"{self.pages}-pages.tif"
        if not tiff.exists():
            write_tiff(tiff, [FaxPage(1728, 64, Resolution.FINE, small_page())] * self.pages)
        attached = [(tiff.read_bytes(), "image/tiff", "letter.tif")]
        letter = mail(None, attachments=attached, From=SENDER, Message_ID=f"<{self.key}@acme.example>")
        letter.set_boundary(f"=_letter-{self.key}")  # sent again it is the same, octet for octet
        return letter.as_bytes().replace(b"\n", b"\r\n")


@cache
def small_page() -> bytes:
    """64 rows, the middle black, as one T.6 strip."""
    rows = np.zeros((64, 216), np.uint8)
    rows[24:40] = 255
    return encode(rows)


class Feed:
    """Sends mails at `rate` a second while its block lasts; `accepted` are those that were answered 250.

    `tried` are all that were ever begun to be sent, `refused` the answers for good. They are read after the block.
    """

    def __init__(self, house: House, rate: float, seed: int) -> None:
        self.accepted: list[Letter] = []
        self.tried: list[Letter] = []
        self.unanswered = 0
        self.refused: list[smtplib.SMTPDataError] = []
        self._house = house
        self._rate = rate
        self._chance = random.Random(f"feed {seed}")
        self._numbers = itertools.count()
        self._turn = threading.Lock()
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._run) for _ in range(SENDERS)]
        self._record = house.folder / "accepted.jsonl"

    def __enter__(self) -> "Feed":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def send(self, faxes: int = 0, *, once: bool = False) -> Letter:
        """One more mail, to so many numbers or some, until it is answered or given up."""
        with self._turn:
            letter = self._written(faxes or self._chance.choice(RECIPIENTS))
        while not self._sent(letter):
            self.unanswered += 1
            if once or self._over.is_set() or self._chance.random() < GIVE_UP:
                return letter
            self._over.wait(0.3)
        with self._turn:
            self._keep(letter)
        return letter

    def _run(self) -> None:
        while not self._over.wait(self._chance.expovariate(self._rate / SENDERS)):
            self.send()

    def _written(self, faxes: int) -> Letter:
        numbers = tuple(number(next(self._numbers)) for _ in range(faxes))
        letter = Letter(f"{len(self.tried)}", numbers, self._chance.randint(1, MOST_PAGES))
        self.tried.append(letter)
        return letter

    def _sent(self, letter: Letter) -> bool:
        """Whether a node answered 250; one that is down counts as no answer."""
        node = self._chance.choice(self._house.nodes)
        try:
            with smtplib.SMTP("127.0.0.1", node.port, timeout=PATIENCE) as client:
                refused = client.sendmail(
                    SENDER, [f"{to}@{DOMAIN}" for to in letter.numbers], letter.octets(self._house.folder)
                )
        except smtplib.SMTPDataError as refusal:
            self.refused += [refusal] if refusal.smtp_code >= 500 else []
            return False
        except (OSError, smtplib.SMTPException):
            return False
        assert not refused, refused
        return True

    def _keep(self, letter: Letter) -> None:
        self.accepted.append(letter)
        line = {"key": letter.key, "numbers": letter.numbers, "pages": letter.pages, "at": time.time()}
        descriptor = os.open(self._record, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        with os.fdopen(descriptor, "w") as file:
            file.write(json.dumps(line) + "\n")
            file.flush()
            os.fsync(file.fileno())
