"""The main job on real input: mails in through the listener, faxes out over the simulated line, notices back.

Run by `make demo`. Starts a daemon of its own on loopback, with its store and spool under var/demo, and a small SMTP
sink as the relay; exits with 0 only if every mail came to the end that it should come to.
"""

import argparse
import contextlib
import json
import os
import secrets
import shutil
import smtplib
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from email import message_from_bytes
from email.policy import default as default_policy
from pathlib import Path

from aiosmtpd.controller import Controller

HERE = Path(__file__).parent
DOMAIN = "fax.localhost"
PATIENCE = 110  # seconds for all faxes and notices
PORTS = range(10_000, 32_000)  # below those that systems give to whoever connects
NEWS_SECONDS = 3  # between two looks at the faxes when nothing is heard


@dataclass(frozen=True)
class Letter:
    """One mail to send, and what must become of it: per number the state, the outcome and the number of dials."""

    about: str
    file: str
    sender: str
    expected: Mapping[str, tuple[str, str, int]] = field(default_factory=dict)
    numbers: tuple[str, ...] = ()
    refused: str = ""


LETTERS = (
    Letter(
        "a text mail with a PDF of several pages",
        "letter-with-pdf.eml",
        "amelia.ross@acme.example",
        {"+12025550123": ("sent", "Success", 1)},
    ),
    Letter(
        "a mail with a DOCX and a photo",
        "report-with-docx-and-photo.eml",
        "ben.ortiz@acme.example",
        {"+12025550124": ("sent", "Success", 1)},
    ),
    Letter(
        "a TIFF to two recipients, one busy at first",
        "form-with-tiff.eml",
        "amelia.ross@acme.example",
        {"+12025550125": ("sent", "Success", 1), "+12025550102": ("sent", "Success", 2)},
    ),
    Letter(
        "a mail to a number where a person answers",
        "note-with-html.eml",
        "ben.ortiz@acme.example",
        {"+12025550104": ("failed", "Voice Answer", 1)},
    ),
    Letter(
        "a mail from an unknown sender",
        "from-unknown-sender.eml",
        "mallory@elsewhere.example",
        numbers=("+12025550126",),
        refused="550 5.7.1",
    ),
)


class Sink:
    """A relay that keeps every mail it is given as a file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.mails: list[Path] = []

    async def handle_DATA(self, _server: object, _session: object, envelope: object) -> str:  # noqa: N802 - aiosmtpd's
        """Keep one mail."""
        content = envelope.content  # type: ignore[attr-defined]
        subject = message_from_bytes(content, policy=default_policy)["Subject"]
        words = "".join(letter if letter.isalnum() else "-" for letter in str(subject).lower())
        path = self.folder / f"{len(self.mails) + 1:02}-{'-'.join(filter(None, words.split('-')))[:70]}.eml"
        path.write_bytes(content)
        self.mails.append(path)
        return "250 2.0.0 kept"


def free_port() -> int:
    """A port of 127.0.0.1 that nobody uses now, and that the system gives to nobody who asks for just any port."""
    while True:
        port = secrets.choice(PORTS)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


class Demo:
    """One run: the folder, the settings file, and how commands are called."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = folder / "faxgw.toml"
        self.port, self.relay_port = free_port(), free_port()

    def prepare(self) -> None:
        """An empty folder with a settings file."""
        shutil.rmtree(self.folder, ignore_errors=True)
        for name in ("notices", "sent"):
            (self.folder / name).mkdir(parents=True)
        self.config.write_text(
            f'[storage]\nfolder = "store"\n[smtp]\nport = {self.port}\ndomains = ["{DOMAIN}"]\n'
            f"[relay]\nport = {self.relay_port}\n[queue]\npoll_seconds = 0.2\n",
            encoding="utf-8",
        )

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the command."""
        command = [sys.executable, "-m", "gateway", "--config", str(self.config), *arguments]
        return subprocess.run(command, check=False, capture_output=True, text=True)

    def start(self) -> subprocess.Popen[bytes]:
        """Start the daemon, its log behind what is in daemon.log."""
        command = [sys.executable, "-m", "gateway", "--config", str(self.config), "serve"]
        with (self.folder / "daemon.log").open("ab") as log:
            return subprocess.Popen(command, stderr=log, env=os.environ | {"PYTHONUNBUFFERED": "1"})

    def faxgw(self, *arguments: str) -> str:
        """Run the command; its standard output."""
        done = self.run(*arguments)
        if done.returncode:
            raise SystemExit(f"faxgw {' '.join(arguments)}: exit status {done.returncode}\n{done.stderr}")
        progress(done.stderr.strip())
        return done.stdout

    @contextlib.contextmanager
    def daemon(self) -> Iterator[subprocess.Popen[bytes]]:
        """The daemon, until the block ends; it is asked to stop, unless it has ended, and its log kept."""
        running = self.start()
        try:
            self._wait_for_greeting(running)
            yield running
        finally:
            running.terminate()
            running.wait(90)

    def _wait_for_greeting(self, running: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + 30
        while running.poll() is None and time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1) as probe:
                if probe.recv(3) == b"220":
                    return
            time.sleep(0.1)
        raise SystemExit(f"the daemon did not start; see {self.folder / 'daemon.log'}")

    def send(self, letter: Letter) -> str:
        """Send one mail through the listener; the reply."""
        content = (HERE / "mail" / letter.file).read_bytes()
        recipients = [f"{number}@{DOMAIN}" for number in (*letter.expected, *letter.numbers)]
        with smtplib.SMTP("127.0.0.1", self.port, timeout=60) as client:
            client.ehlo("mail.acme.example")
            client.mail(letter.sender)
            for recipient in recipients:
                client.rcpt(recipient)
            code, words = client.data(content)
        return f"{code} {words.decode()}"

    def jobs(self) -> list[dict[str, object]]:
        """All jobs, as `faxgw outbound list` tells them."""
        return json.loads(self.faxgw("outbound", "list", "-o", "json"))  # type: ignore[no-any-return]


def progress(words: str) -> None:
    """One line for who watches."""
    if words:
        sys.stderr.write(f"{words}\n")


def wait_for_end(demo: Demo, sink: Sink, notices: int) -> list[dict[str, object]]:
    """Wait until no job is in progress and all notices are in; shows each change."""
    seen: dict[object, object] = {}
    deadline = time.monotonic() + PATIENCE
    while True:
        heard = len(sink.mails)
        jobs = demo.jobs()
        for job in jobs:
            line = f"  fax {job['job']} to {job['destination']}: {job['state']} {job['outcome']}".rstrip()
            if seen.get(job["job"]) != line:
                progress(line)
            seen[job["job"]] = line
        ended = all(job["status"] != "In Progress" for job in jobs)
        if (ended and len(sink.mails) >= notices) or time.monotonic() > deadline:
            return jobs
        _wait_for_news(sink, heard)


def _wait_for_news(sink: Sink, heard: int) -> None:
    """Until another notice has come, or for a while: the command takes processor time from the faxes."""
    over = time.monotonic() + NEWS_SECONDS
    while len(sink.mails) == heard and time.monotonic() < over:
        time.sleep(0.1)


def check(letters: Sequence[Letter], jobs: Sequence[Mapping[str, object]], replies: Sequence[str]) -> list[str]:
    """What did not come out as it should."""
    wrong = []
    by_number = {job["destination"]: job for job in jobs}
    for letter, reply in zip(letters, replies, strict=True):
        if not reply.startswith(letter.refused or "250"):
            wrong.append(f"{letter.about}: the listener said {reply}")
        for number, expected in letter.expected.items():
            job = by_number.get(number)
            found = None if job is None else (job["state"], job["outcome"], job["dials"])
            if found != expected:
                wrong.append(f"{letter.about}: {number} ended as {found}, not {expected}")
    known = {number for letter in letters for number in letter.expected}
    wrong += [f"a fax to {number} that nobody asked for" for number in by_number if number not in known]
    return wrong


def check_notices(letters: Sequence[Letter], sink: Sink) -> list[str]:
    """Each accepted mail is answered once, and each number once more when its fax has ended."""
    wrong = []
    mails = [message_from_bytes(path.read_bytes(), policy=default_policy) for path in sink.mails]
    expected = sum(1 + len(letter.expected) for letter in letters if not letter.refused)
    if len(mails) != expected:
        wrong.append(f"{len(mails)} notices came, not {expected}")
    for letter in letters:
        for number, (state, _, _) in letter.expected.items():
            ended = "delivered" if state == "sent" else "not delivered"
            last4 = number[-4:]
            about = [mail for mail in mails if last4 in str(mail["Subject"]) and ended in str(mail["Subject"])]
            if not any(mail["To"] and letter.sender in str(mail["To"]) for mail in about):
                wrong.append(f"no notice tells {letter.sender} that the fax to {number} was {ended}")
    return wrong


@dataclass(frozen=True)
class Saved:
    """A job as `faxgw outbound show` tells it, and its pages as sent."""

    detail: Mapping[str, Sequence[Mapping[str, object]]]
    tiff: Path
    pdf: Path


def save_pages(demo: Demo, jobs: Sequence[Mapping[str, object]]) -> list[Saved]:
    """Write each job's pages as sent."""
    saved = []
    for job in jobs:
        tiff, pdf = (demo.folder / "sent" / f"{job['job']}.{ending}" for ending in ("tif", "pdf"))
        pages = ("--save-tiff", str(tiff), "--save-pdf", str(pdf))
        saved.append(
            Saved(json.loads(demo.faxgw("outbound", "show", str(job["job"]), *pages, "-o", "json")), tiff, pdf)
        )
    return saved


def main() -> int:
    """Run the demo; 0 when all came out as it should."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("var/demo"))
    demo = Demo(parser.parse_args().folder.absolute())
    demo.prepare()
    sink = Sink(demo.folder / "notices")
    relay = Controller(sink, hostname="127.0.0.1", port=demo.relay_port)
    relay.start()
    started = time.monotonic()
    try:
        make_people(demo)
        with demo.daemon():
            replies = send_all(demo)
            accepted = [letter for letter in LETTERS if not letter.refused]
            jobs = wait_for_end(demo, sink, sum(1 + len(letter.expected) for letter in accepted))
            saved = save_pages(demo, jobs)
    finally:
        relay.stop()
    wrong = check(LETTERS, jobs, replies) + check_notices(LETTERS, sink)
    report(jobs, saved, sink)
    for line in wrong:
        progress(f"WRONG: {line}")
    progress(f"{'FAILED' if wrong else 'all as it should be'}, {time.monotonic() - started:.0f} s")
    return 1 if wrong else 0


def make_people(demo: Demo) -> None:
    """A company, a department and two users."""
    demo.faxgw("company", "add", "Acme Law", "--set", "date.time_zone=America/New_York", "--set", "date.show_zone=on")
    demo.faxgw("dept", "add", "Acme Law", "Litigation")
    amelia = ("Amelia", "Ross", "--sending", "amelia.ross@acme.example", "--fax-number", "+12025550190")
    demo.faxgw("user", "add", "Acme Law/Litigation", *amelia, "--phone", "+1 202 555 0191", "--city", "Washington")
    demo.faxgw("user", "add", "Acme Law", "Ben", "Ortiz", "--sending", "ben.ortiz@acme.example")


def send_all(demo: Demo) -> list[str]:
    """Send every mail; the replies."""
    replies = []
    for letter in LETTERS:
        replies.append(demo.send(letter))
        progress(f"{letter.about}: {replies[-1]}")
    return replies


def report(jobs: Sequence[Mapping[str, object]], saved: Sequence[Saved], sink: Sink) -> None:
    """The closing table and where everything lies, to standard output."""
    out = sys.stdout.write
    out(f"\n{'job':10} {'destination':14} {'pages':>5} {'dials':>5}  {'state':10} outcome\n")
    for job in jobs:
        out(f"{job['job']:10} {job['destination']:14} {job['sent']:>2}/{job['pages']:<2} {job['dials']:>5}  ")
        out(f"{job['state']:10} {job['outcome']}\n")
    out("\nattempts\n")
    for job, one in zip(jobs, saved, strict=True):
        for attempt in one.detail["attempts"]:
            out(f"  {job['job']}  dial {attempt['number']}: {attempt['outcome']}, {attempt['seconds']} s, ")
            out(f"{attempt['pages']} pages" + (f" at {attempt['rate']} bit/s\n" if attempt["rate"] else "\n"))
    out("\npages as sent\n")
    for one in saved:
        out(f"  {one.tiff}\n  {one.pdf}\n")
    out("\nnotices received\n")
    for path in sink.mails:
        out(f"  {path}\n")


if __name__ == "__main__":
    sys.exit(main())
