"""A whole fax terminal: both roles in one, for the end that dials and the end that is called.

What lives here: phase A and the first words of phase B, polling, and who sends when. What does not: sending
(`sender`, `ecm_sender`), receiving (`receiver`), and which move is made (`table`).
"""

from gateway.fax.t4.page import CodedPage, PageShape
from gateway.fax.t30 import durations
from gateway.fax.t30.capabilities import Capabilities, Flag
from gateway.fax.t30.durations import Burst
from gateway.fax.t30.ecm_sender import EcmSender
from gateway.fax.t30.frames import Fcf, Frame
from gateway.fax.t30.machine import US
from gateway.fax.t30.options import PageSource, PageWatch, TerminalOptions
from gateway.fax.t30.receiver import Receiver
from gateway.fax.t30.signals import Tone, ToneKind
from gateway.fax.t30.states import CNG_EVERY_MS, Event, State
from gateway.fax.t30.station import NEEDED


class NoPages:
    """The document of who has nothing to send."""

    def __len__(self) -> int:
        return 0

    def shape(self, index: int) -> PageShape:
        """There is none. Raises IndexError."""
        raise IndexError(index)

    def page(self, index: int) -> CodedPage:
        """There is none. Raises IndexError."""
        raise IndexError(index)


class Terminal(EcmSender, Receiver):
    """Either end of a call. `deliver` what arrives, `advance` time, send on what comes out, until `done`."""

    # -- what events mean

    def _meaning(self, event: Event) -> Event:
        if event is Event.DIS:
            return self._meaning_of_dis()
        if event is Event.DTC:
            return self._meaning_of_dtc()
        if event is Event.TIMEOUT and self.state is State.IDENTIFY and self._agreed is not None:
            return Event.TIMEOUT_AFTER_PAGE
        return super()._meaning(event)

    def _meaning_of_dis(self) -> Event:
        if self.state is State.COMMAND and self._frame.fif == self._offer().encode():
            return Event.DIS  # our own, come back as an echo
        self._heard_dis = True
        if self.state is State.COMMAND:
            return self._meaning_of_dtc()  # who answers DIS with DIS may take our document (T.30 5.2, flow chart R)
        if self.state not in (State.IDENTIFY, State.INTERRUPTED):
            return Event.DIS
        found = self._weigh_offer(self._frame.fif)
        if not self._has_pages_left:
            return Event.DIS_DOCUMENT if self._may_poll else Event.DIS_NO_DOCUMENT
        return found if Flag.RECEIVE in self._offered else Event.CANNOT_RECEIVE

    @property
    def _may_poll(self) -> bool:
        return self._options.poll and Flag.HAS_DOCUMENT in self._offered

    def _meaning_of_dtc(self) -> Event:
        """The far end wants our document."""
        if self.state is State.TRAIN:
            return Event.DTC
        if not self._has_pages_left or not self._selects_ours():
            return Event.DTC_NO_DOCUMENT
        required = self._options.required_password
        if required and self._told.get(Fcf.PWD) != required:
            return Event.DTC_REFUSED
        self._answered = None
        found = self._weigh_offer(self._frame.fif)
        return found if found is Event.NOTHING_COMMON else Event.DTC

    def _selects_ours(self) -> bool:
        """True unless SEP names another document than ours (T.30 5.3.6.1.2, SEP)."""
        return self._told.get(Fcf.SEP, "") in ("", self._options.selective_polling)

    # -- phases A and B

    def send_cng(self) -> None:
        """Sound CNG until something is heard (T.30 4.2)."""
        for moment in range(0, self._timers.t1, CNG_EVERY_MS):
            self._outbox.append((self.now + moment, Tone(ToneKind.CNG)))
        self._note(US, ToneKind.CNG.value)

    def answer(self) -> None:
        """CED, then the first DIS."""
        self._identifying_since = self.now
        self._note(US, "CED")
        self._send(durations.joined(durations.answer_tone(), self._identification()))

    def send_dis(self) -> None:
        """Identify again; T1 counts anew once a command was answered."""
        if self._answered is not None:
            self._identifying_since = self.now
        self._answered = None
        self._answers += 1
        self._send(self._identification())

    def send_dtc(self) -> None:
        """Ask for the far end's document: from now on we receive (T.30 5.2, polling)."""
        self._identifying_since = self.now
        self._answered = None
        self._say(self._identification())

    def _identification(self) -> Burst:
        """NSF, CSI and DIS of the end that is called; of one that polls, CIG, PWD, SEP, PSA and DTC (T.30 5.2.2)."""
        options = self._options
        if self._is_called:
            nonstandard = [Frame(Fcf.NSF, options.nonstandard)] if options.nonstandard else []
            names = self._addresses(self._offered, {Fcf.CSI: options.station_id})
            return self._v21([*nonstandard, *names, Frame(Fcf.DIS, self._offer().encode())])
        wanted = {
            Fcf.CIG: options.station_id,
            Fcf.PWD: options.password,
            Fcf.SEP: options.selective_polling,
            Fcf.PSA: options.polled_sub_address,
        }
        names = self._addresses(self._offered, wanted)
        announced = frozenset(NEEDED[frame.fcf] for frame in names if frame.fcf in NEEDED)
        return self._v21([*names, Frame(Fcf.DTC, self._offer().request(announced).encode(), x=True)])

    def _offer(self) -> Capabilities:
        """Our capabilities as they stand now: what there is to poll, what must be given for it, ECM or not."""
        options = self._options
        flags = set(options.capabilities.flags)
        if not options.ecm:
            flags -= {Flag.ECM, Flag.MMR, Flag.SMALL_FRAMES_PREFERRED}
        if self._is_called and self._has_pages_left:
            flags.add(Flag.HAS_DOCUMENT)
            flags |= {Flag.SELECTIVE_POLLING} if options.selective_polling else set()
        flags |= {Flag.PWD} if options.required_password else set()
        return options.capabilities.with_flags(flags)


class Caller(Terminal):
    """The end that dials: sends `pages` from `options.first_page` on, then polls where the options say so."""

    def __init__(self, pages: PageSource | None, options: TerminalOptions, watch: PageWatch) -> None:
        super().__init__(State.DIALLED, options, watch, NoPages() if pages is None else pages)


class Answerer(Terminal):
    """The end that is called: receives, and sends `pages` to who polls them. `begin` starts it."""

    def __init__(self, options: TerminalOptions, watch: PageWatch, pages: PageSource | None = None) -> None:
        super().__init__(State.CALLED, options, watch, NoPages() if pages is None else pages)

    @property
    def _is_called(self) -> bool:
        return True

    def begin(self) -> None:
        """The call is answered now."""
        self.record.answered_ms = self.now
        self._happen(Event.BEGIN)
