"""CPU and memory of checking a signature, ours and dkimpy's in turn, for mails of 5 KB to 25 MB.

    python -m tests.bench.bench_dkim [--rounds N]

The mails hold base64 in lines, words, empty lines, or blanks without an end. CPU is that of the fastest of some
checks; memory is what the check adds to the peak of a process of its own. The key is at hand: no DNS is asked.
"""

import argparse
import gc
import re
import sys
import time
from collections.abc import Callable
from itertools import product
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import dkim

from gateway.domain.evidence import DkimResult
from gateway.mail.proof.canonical import Canonicalization, hash_body
from gateway.mail.proof.dkim import check_dkim
from tests.dkim_mails import MAIL, NOW, Signer, Zone

SIGNER = Signer()
SIZES = {"5 KB": 5_000, "200 KB": 200_000, "5 MB": 5_000_000, "25 MB": 25_000_000}
LINES = {
    "base64": b"JVBERi0xLjQKJcOkw7zDtsOfCjIgMCBvYmoKPDwvTGVuZ3RoIDMgMCBSL0ZpbHRlci9GbGF0ZURl\r\n",
    "words": b"The quick brown fox jumps  over the lazy dog, and goes home by the river. \r\n",
    "empty lines": b"\r\n",
}
ZONE = Zone(SIGNER.zone)


def ours(path: Path) -> bool:
    return [one.result for one in check_dkim(path, ZONE.texts, NOW)] == [DkimResult.PASS]


def theirs(path: Path) -> bool:
    def record(_name: bytes, **_options: object) -> bytes:
        return SIGNER.record

    return bool(dkim.DKIM(path.read_bytes()).verify(dnsfunc=record))


CHECKS: dict[str, Callable[[Path], bool]] = {"ours": ours, "dkimpy": theirs}


def cpu_ms(check: Callable[[Path], bool], path: Path, rounds: int) -> float:
    best = float("inf")
    for _ in range(rounds):
        gc.collect()
        began = time.process_time()
        if not check(path):
            raise SystemExit(f"{path.name} does not verify")
        best = min(best, time.process_time() - began)
    return best * 1000


def peak_kb() -> int:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(re.search(r"VmHWM:\s+(\d+)", status)[1])


def added_memory(name: str, small: Path, path: Path) -> float:
    """MB that a check adds to the peak of a process which has checked a small mail before."""
    CHECKS[name](small)
    before = peak_kb()
    CHECKS[name](path)
    return (peak_kb() - before) / 1024


def mail_of(folder: Path, kind: str, size: int, form: str) -> Path:
    line = LINES[kind]
    mail = MAIL + line * (size // len(line)) + b"end\r\n"
    path = folder / f"{kind}-{size}-{form.replace('/', '-')}"
    path.write_bytes(SIGNER.sign(mail, form=form))
    return path


def compare(folder: Path, rounds: int) -> None:
    small = mail_of(folder, "base64", 1000, "relaxed/relaxed")
    sys.stdout.write(f"{'mail':30} {'ours ms':>9} {'dkimpy ms':>10} {'ours MB':>9} {'dkimpy MB':>10}\n")
    for kind, form, title in product(LINES, ("relaxed/relaxed", "relaxed/simple"), SIZES):
        path = mail_of(folder, kind, SIZES[title], form)
        spent = [cpu_ms(check, path, rounds) for check in CHECKS.values()]
        memory = []
        for name in CHECKS:
            with get_context("spawn").Pool(1) as pool:
                memory.append(pool.apply(added_memory, (name, small, path)))
        row = f"{title} {kind}, {form.partition('/')[2]}"
        sys.stdout.write(f"{row:30} {spent[0]:9.2f} {spent[1]:10.2f} {memory[0]:9.1f} {memory[1]:10.1f}\n")
        sys.stdout.flush()
        path.unlink()


def blanks(folder: Path) -> None:
    """1.8 MB of blanks without a line end: the forms alone."""
    path = folder / "blanks"
    path.write_bytes(b" \t" * 900_000 + b"x" + b"\r\n")
    began = time.process_time()
    with path.open("rb") as file:
        hash_body(file, Canonicalization.RELAXED)
    spent = (time.process_time() - began) * 1000
    sys.stdout.write(f"1.8 MB of blanks, relaxed form: ours {spent:.1f} ms\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    with TemporaryDirectory() as folder:
        compare(Path(folder), arguments.rounds)
        blanks(Path(folder))


if __name__ == "__main__":
    main()
