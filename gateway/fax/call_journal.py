"""The journal of each call, kept by the side that calls, so that no crash makes us forget what the far end holds.

What lives here: one small file for each call, a synced line for each fact, and the reading of it afterwards. What does
not: what the facts come to (`gateway.domain.broken_call`), who asks (`gateway.store.handback`).

A fact is synced before the call goes on: the uid before anybody dials, a confirmed page before the next is sent, the
last page before the far end is told that it is over. What no journal can close is the time between the far end's MCF on
the wire and the sync of its line: who dies in it leaves the last page in doubt.
"""

import errno
import json
import os
import re
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from gateway.domain.broken_call import JournaledCall
from gateway.domain.call import CallReport
from gateway.domain.errors import GatewayError, UnavailableError
from gateway.fax.transport import CallOrder, CallWatch, Transport

SUFFIX = ".jsonl"
_UID = re.compile(r"[0-9A-Za-z_-]{1,64}", re.ASCII)
_NEW = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
_DIAL, _PAGE, _LAST_PAGE, _WITHHELD, _END = "dial", "page", "last-page", "withheld", "end"


@dataclass(frozen=True, slots=True)
class CallJournal:
    """The journals of one host's calls, in a folder of their own on a local disk."""

    folder: Path

    def begin(self, order: CallOrder) -> "OpenJournal":
        """Write down that a call is about to be dialled.

        Raises:
            UnavailableError: the disk does not take it; nobody may dial.
        """
        path = self._path(order.call_uid)
        try:
            opened = OpenJournal(path, self._opened(path))
        except OSError as error:
            raise _unwritable(path, error) from error
        try:
            opened.write(_DIAL, call=order.call_uid, first=order.first_page, leading=order.leading)
            _sync_folder(self.folder)
        except UnavailableError:
            opened.close()
            raise
        return opened

    def read(self, call_uid: str) -> JournaledCall | None:
        """What is known of a call; None when nothing is: it was not dialled, or was by another host.

        A line cut short is no fact: the call did not go on behind it. Nothing behind a damaged line is believed.
        """
        path = self._path(call_uid)
        try:
            octets = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise UnavailableError(f"{path}: the call's journal cannot be read ({error.strerror})") from error
        return _told(call_uid, _lines(octets))

    def forget(self, call_uid: str) -> None:
        """Drop the journal of a call that is settled in the store."""
        self._path(call_uid).unlink(missing_ok=True)

    def kept(self) -> list[str]:
        """The uids of the calls whose journals are here."""
        return sorted(path.stem for path in self.folder.glob(f"*{SUFFIX}") if _UID.fullmatch(path.stem))

    def _opened(self, path: Path) -> int:
        try:
            return os.open(path, _NEW, 0o600)
        except FileNotFoundError:  # the first call of this host
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            return os.open(path, _NEW, 0o600)

    def _path(self, call_uid: str) -> Path:
        if not _UID.fullmatch(call_uid):
            raise ValueError(f"{call_uid!r} is no call's uid")
        return self.folder / f"{call_uid}{SUFFIX}"


class OpenJournal:
    """The journal of a call that runs. It may be closed while the call's own thread still writes.

    Who was to have it may be gone before it was begun: then it closes itself.
    """

    def __init__(self, path: Path, file: int) -> None:
        self._path = path
        self._file: int | None = file
        self._turn = threading.Lock()
        self._last_page_sent = False
        self._lost_answer = False

    def watch(self, told: CallWatch) -> CallWatch:
        """The same watch, told of each fact after it was written here."""

        def page_confirmed(index: int) -> None:
            self._confirm(index)
            told.page_confirmed(index)

        def last_page_sent() -> None:
            self.write(_LAST_PAGE)
            self._last_page_sent = True
            try:
                told.last_page_sent()
            except GatewayError:
                self._withhold()
                raise

        return replace(told, page_confirmed=page_confirmed, last_page_sent=last_page_sent)

    def _withhold(self) -> None:
        """The last page may not be ended after all; where that cannot be written it stays in doubt."""
        self._last_page_sent = False
        with suppress(UnavailableError):
            self.write(_WITHHELD)

    def _confirm(self, index: int) -> None:
        try:
            self.write(_PAGE, index=index, final=self._last_page_sent)
        except UnavailableError:
            self._lost_answer = self._last_page_sent
            raise

    def end(self, report: CallReport) -> CallReport:
        """Write down how the call ended; the report, in doubt where the last answer could not be kept.

        Nothing hangs on this line but a doubt less after a crash: it is not synced, and a full disk is no matter.
        """
        found = replace(report, last_page_in_doubt=True) if self._lost_answer else report
        with suppress(UnavailableError):
            pages, doubt = found.pages_confirmed, found.last_page_in_doubt
            self.write(_END, cause=found.cause.value, pages=pages, doubt=doubt, synced=False)
        return found

    def write(self, event: str, *, synced: bool = True, **facts: object) -> None:
        """Add one line; returns when it is on the disk.

        Raises:
            UnavailableError: the disk does not take it; what was written of it is taken back.
        """
        line = json.dumps({"at": datetime.now(UTC).isoformat(), "event": event, **facts}) + "\n"
        with self._turn:
            if self._file is None:
                raise UnavailableError(f"{self._path}: the call's journal is closed")
            try:
                _append(self._file, line.encode("ascii"), synced=synced)
            except OSError as error:
                raise _unwritable(self._path, error) from error

    def close(self) -> None:
        """Write no more."""
        with self._turn:
            file, self._file = self._file, None
            if file is not None:
                os.close(file)

    def __del__(self) -> None:
        self.close()


@dataclass(frozen=True, slots=True)
class JournaledTransport:
    """Any way of calling, for one call whose journal was begun."""

    transport: Transport
    opened: OpenJournal

    async def place(self, order: CallOrder, watch: CallWatch) -> CallReport:
        """Place the call; a fact that cannot be written down ends it."""
        try:
            return self.opened.end(await self.transport.place(order, self.opened.watch(watch)))
        finally:
            self.opened.close()


def _lines(octets: bytes) -> Iterator[dict[str, object]]:
    """The facts up to the first line that is not whole."""
    for line in octets.split(b"\n")[:-1]:
        try:
            fact = json.loads(line)
        except ValueError:
            return
        if not isinstance(fact, dict):
            return
        yield fact


def _told(call_uid: str, facts: Iterator[dict[str, object]]) -> JournaledCall | None:
    dial = next(facts, {})
    if dial.get("event") != _DIAL or dial.get("call") != call_uid:
        return None
    found = JournaledCall(call_uid)
    before = _count(dial, "first") + _count(dial, "leading")
    for fact in facts:
        found = _with_fact(found, fact, before)
    return found


def _with_fact(call: JournaledCall, fact: dict[str, object], before: int) -> JournaledCall:
    match fact.get("event"):
        case "page":
            return replace(call, pages_confirmed=max(call.pages_confirmed, _count(fact, "index") + 1 - before))
        case "last-page":
            return replace(call, last_page_sent=True)
        case "withheld":
            return replace(call, withheld=True)
        case "end":
            return replace(call, ended=True, in_doubt=fact.get("doubt") is not False)
        case _:
            return call


def _count(fact: dict[str, object], name: str) -> int:
    value = fact.get(name)
    return value if isinstance(value, int) else 0


def _append(file: int, octets: bytes, *, synced: bool) -> None:
    written = os.write(file, octets)
    if written != len(octets):
        os.ftruncate(file, os.fstat(file).st_size - written)  # what follows half a line would not be read
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    if synced:
        os.fdatasync(file)


def _sync_folder(folder: Path) -> None:
    try:
        opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)
    except OSError as error:
        raise _unwritable(folder, error) from error


def _unwritable(path: Path, error: OSError) -> UnavailableError:
    return UnavailableError(f"{path}: the call's journal cannot be written ({error.strerror})")
