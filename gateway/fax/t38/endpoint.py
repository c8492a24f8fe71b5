"""A fax terminal that speaks T.38: packets in, packets out, and a clock that is told.

What lives here: the engine of T.30 joined to packets, for either end of a call. What does not: sockets and call
set-up: the endpoint is made at the moment the call is answered, and whoever carries its packets tells it of time.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from gateway.domain.call import CallReport, Coding
from gateway.domain.errors import GatewayError
from gateway.fax.t4 import classf, codec
from gateway.fax.t4.classf import PageFile, PageFileError
from gateway.fax.t4.page import CodedPage
from gateway.fax.t30.options import PageWatch
from gateway.fax.t30.reception import ReceivedPage
from gateway.fax.t30.signals import CallProgress, LineSignal, Progress
from gateway.fax.t30.terminal import Answerer, Caller, Terminal
from gateway.fax.t38.incoming import Incoming
from gateway.fax.t38.link import BareLink, DatagramLink, Link
from gateway.fax.t38.options import EndpointOptions, OptionError
from gateway.fax.t38.outgoing import Outgoing
from gateway.fax.t38.packets import Packet
from gateway.fax.t38.sequence import Lost, Receiver, Sender
from gateway.fax.t38.versions import PacketReader

EndpointError = (GatewayError, OSError)
_FOR_EVER = 1 << 62


class Endpoint:
    """One end of a T.38 call: `deliver` what arrives, `advance` time and send on what it returns, until `done`.

    Packets are IFP packets or UDPTL datagrams, as the options say. Time may advance in steps of any size.
    """

    def __init__(self, terminal: Terminal, options: EndpointOptions) -> None:
        self._terminal = terminal
        self._options = options
        self._link = _link(options)
        self._incoming = Incoming()
        self._outgoing = Outgoing(options.pace)
        self._now = 0  # the engine is told of it only when something is due or arrives
        self._next_due = 0

    @property
    def done(self) -> bool:
        """True when the call is over for this end and nothing is left to send."""
        return self._terminal.done and self._outgoing.next_due is None

    @property
    def report(self) -> CallReport:
        """The facts of the call, as far as it has come."""
        report = self._terminal.record.report(self._options.call_uid, self._options.started)
        if self._terminal.record.ended_ms:
            return report
        return replace(report, ended=report.started + timedelta(milliseconds=self._now))

    def deliver(self, packet: bytes) -> None:
        """Take a packet, now. Octets that are none are as if lost."""
        heard = self._take(self._link.unpack(packet, self._now))
        if heard or self._link.next_due is not None:
            self._next_due = self._next_moment()

    def advance(self, milliseconds: int) -> list[bytes]:
        """Let time pass; the packets that leave meanwhile, in order."""
        end = self._now + milliseconds
        sent = self._leave(min(end, self._next_due))
        while self._next_due <= end:
            self._run_to(max(self._now, self._next_due))
            self._next_due = self._next_moment()
            sent += self._leave(min(end, self._next_due))
        self._now = end
        return sent

    def terminate(self) -> None:
        """The call is gone: somebody hung up, or the line was cut."""
        if not self._terminal.done:
            self._hear([CallProgress(Progress.HANG_UP)])
        self._run_to(self._now)
        self._outgoing.drop()

    def _next_moment(self) -> int:
        """When the engine, or what waits in the link, has something to do."""
        wake, overdue = self._terminal.wake_in, self._link.next_due
        moment = _FOR_EVER if wake is None else self._terminal.now + wake
        return moment if overdue is None or moment < overdue else overdue

    def _leave(self, moment: int) -> list[bytes]:
        """The packets due until then."""
        due = self._outgoing.next_due
        return [] if due is None or due > moment else self._link.pack(self._outgoing.due(moment))

    def _run_to(self, moment: int) -> None:
        """Let the engine go on to a moment."""
        self._now = moment
        self._tell_sent(self._attempt(self._catch_up) or [])
        self._take(self._link.overdue(moment))
        upcoming = self._terminal.outgoing
        self._outgoing.look_ahead(upcoming[0] if upcoming else None)

    def _catch_up(self) -> list[LineSignal]:
        """Let the engine know what time it is; what it has sent."""
        return self._terminal.advance(self._now - self._terminal.now)

    def _tell_sent(self, signals: list[LineSignal]) -> None:
        upcoming = self._terminal.outgoing
        for number, signal in enumerate(signals, 1):
            following = signals[number] if number < len(signals) else upcoming[0][1] if upcoming else None
            self._outgoing.sent(self._terminal.now, signal, following)
            self._incoming.take_turn()

    def _take(self, packets: list[Packet | Lost]) -> bool:
        """Hear packets; whether they said anything to the engine."""
        heard = False
        for packet in packets:
            if isinstance(packet, Lost):
                self._incoming.lose()
            elif signals := self._incoming.take(packet):
                self._hear(signals)
                heard = True
        return heard

    def _hear(self, signals: list[LineSignal]) -> None:
        self._tell_sent(self._attempt(self._catch_up) or [])
        for signal in signals:
            self._attempt(partial(self._terminal.deliver, signal))

    def _attempt(self, action: Callable[[], Any]) -> Any:
        """Let the engine act; a page that cannot be read or kept ends the call from our side."""
        try:
            return action()
        except EndpointError as fault:
            self._terminal.abandon(str(fault))
            return None


def caller(tiff: Path, **options: Any) -> Endpoint:
    """The end that called, now answered: sends the pages of a class F TIFF. See EndpointOptions for the options.

    Raises PageFileError for a file that cannot be sent, OptionError for an option that cannot be.
    """
    chosen = EndpointOptions.of(options)
    if chosen.poll and chosen.received is None:
        raise OptionError("poll needs received: where the far end's document is to be written")
    pages = PageFile(Path(tiff))
    if chosen.first_page >= len(pages) and not chosen.poll:
        raise OptionError(f"first_page is {chosen.first_page}, counted from zero; there are {len(pages)} pages")
    terminal = Caller(pages, chosen.terminal(called=False), _keeping(chosen.received))
    terminal.deliver(CallProgress(Progress.ANSWERED))
    return Endpoint(terminal, chosen)


def poller(received: Path, **options: Any) -> Endpoint:
    """The end that called to fetch the far end's document, and has none of its own.

    Raises PageFileError when `received` cannot be written, OptionError for an option that cannot be.
    """
    chosen = EndpointOptions.of({**options, "poll": True})
    terminal = Caller(None, chosen.terminal(called=False), _keeping(received))
    terminal.deliver(CallProgress(Progress.ANSWERED))
    return Endpoint(terminal, chosen)


def answerer(out: Path, **options: Any) -> Endpoint:
    """The end that was called, and answers now: writes the pages it receives to a class F TIFF, replacing it.

    Each page is on disk before it is confirmed. Raises PageFileError for a `document` that cannot be sent and an `out`
    that cannot be written, OptionError for an option that cannot be.
    """
    chosen = EndpointOptions.of(options)
    pages = None if chosen.document is None else PageFile(Path(chosen.document))
    terminal = Answerer(chosen.terminal(called=True), _keeping(out), pages)
    terminal.begin()
    return Endpoint(terminal, chosen)


def _keeping(out: Path | None) -> PageWatch:
    """A watch that writes pages to a file."""
    if out is None:
        return PageWatch()
    path = Path(out)
    _make_room(path)
    return PageWatch(page_received=lambda received: classf.append_page(path, _whole(received), received.number))


def _make_room(path: Path) -> None:
    """Clear the place of a document before the call, lest a page be refused after it came. Raises PageFileError."""
    try:
        path.unlink(missing_ok=True)
        path.touch(exist_ok=False)
        path.unlink()
    except OSError as fault:
        raise PageFileError(f"{path.name} cannot be written: {fault}") from fault


def _whole(received: ReceivedPage) -> CodedPage:
    """The page as it came, or, where rows of it were bad, as it was judged: coded anew from the rows shown."""
    return codec.encode(received.bitmap, Coding.MMR) if received.bad_rows else received.page


def _link(options: EndpointOptions) -> Link:
    reader = PacketReader(options.version)
    if options.framing == "ifp":
        return BareLink(reader)
    control, image = options.redundant
    sender = Sender(control, image, max_datagram=options.max_datagram, parity=options.parity)
    return DatagramLink(reader, sender, Receiver(options.hold_ms))
