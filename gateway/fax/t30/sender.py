"""The end that sends pages (T.30 clause 5.2, flow charts T to II).

What lives here: what the sender does on each move up to the end of a page without ECM. What does not: which move is
made (`table`), ECM blocks (`ecm_sender`), choosing a profile (`agreement`), dialling and polling (`terminal`).
"""

from collections.abc import Callable

from gateway.fax.t4 import stream
from gateway.fax.t4.fit import fit
from gateway.fax.t30 import agreement, durations
from gateway.fax.t30.agreement import FALL_BACK, Agreement
from gateway.fax.t30.capabilities import Capabilities, Flag, decode_capabilities
from gateway.fax.t30.durations import Burst
from gateway.fax.t30.frames import Fcf
from gateway.fax.t30.machine import US
from gateway.fax.t30.options import PageSource, PageWatch, TerminalOptions
from gateway.fax.t30.signals import Modulation
from gateway.fax.t30.states import TRIES, Event, State
from gateway.fax.t30.station import Station


class Sender(Station):
    """Sends a document without error correction; `ecm_sender.EcmSender` sends any."""

    def __init__(self, start: State, options: TerminalOptions, watch: PageWatch, pages: PageSource) -> None:
        super().__init__(start, options, watch)
        self._pages = pages
        self._last_page_told = False
        self._index = options.first_page
        self._offered = Capabilities(frozenset())
        self._rates: tuple[Modulation, ...] = ()
        self._agreed: Agreement | None = None
        self._after = Fcf.EOP
        self._refusals = 0
        self._command: Burst = []

    @property
    def agreed(self) -> Agreement:
        """What was settled; asked only after a DIS."""
        if self._agreed is None:
            raise RuntimeError("no DIS was heard yet")
        return self._agreed

    @property
    def _has_pages_left(self) -> bool:
        return self._index < len(self._pages)

    # -- what events mean

    def _meaning(self, event: Event) -> Event:
        self._weigh_answer(event)
        refined = _REFINED.get(event)
        if refined is None or self._agreed is None or self.state not in _SENDING:
            return super()._meaning(event)
        return refined(self)

    def _weigh_offer(self, fif: bytes) -> Event:
        """Read what the far end takes, from its DIS or DTC; what it comes to for the page in hand."""
        self._offered = decode_capabilities(fif)
        self.record.remote_capabilities = str(self._offered)
        options = self._options
        found = agreement.rates(self._offered, options.capabilities, options.max_rate)
        given_up = FALL_BACK[: FALL_BACK.index(self._rates[0])] if self._rates else ()
        self._rates = tuple(modulation for modulation in found if modulation not in given_up)
        return Event.DIS if self._rates else Event.NOTHING_COMMON

    def _refused(self, event: Event, third: Event) -> Event:
        """Count an RTN or PIN to a page."""
        if self.state in _DOUBTFUL:
            self._refusals += 1
        return event if self._refusals < TRIES else third

    def _weigh_answer(self, event: Event) -> None:
        """After the last page's command, any answer understood ends the doubt.

        DCN to a command said once is a refusal. DCN to a repeated one is not: an answerer whose MCF was lost may take
        the repetition for a mistake and leave, page in hand.
        """
        refused = event is Event.DCN and self._tries == 1 and self.state is not State.NOT_READY
        if self.state in _ANSWERING and (event in _ANSWERS or refused):
            self.record.last_page_in_doubt = False

    def _note_sent(self) -> None:
        if self.state in _DOUBTFUL and self._ends_document:
            self.record.last_page_in_doubt = True

    @property
    def _ends_document(self) -> bool:
        """True while the command in hand ends the last page."""
        return self._index + 1 >= len(self._pages)

    @property
    def _with_ecm(self) -> bool:
        return Flag.ECM in self.agreed.profile

    # -- phase B

    def send_dcs(self) -> None:
        """Settle the profile for the page in hand, then identify, command and train."""
        self._settle()
        self._train()

    def step_down(self) -> None:
        """Train again at the next lower rate both ends have."""
        self._slow_down()
        self._train()

    def _settle(self) -> None:
        self._agreed = self._agree_on(self._index)
        self.record.ecm = self._with_ecm
        self.record.coding = self.agreed.coding

    def _agree_on(self, index: int) -> Agreement:
        options = self._options
        told = {Flag.SUB: options.sub_address, Flag.SID: options.password}
        return agreement.agree(
            self._offered,
            options.capabilities,
            self._pages.shape(index),
            self._rates[0],
            ecm=options.ecm,
            announced=frozenset(flag for flag, text in told.items() if text and flag in self._offered),
        )

    def _slow_down(self) -> None:
        if len(self._rates) > 1:
            self._rates = self._rates[1:]
        self._agreed = agreement.at(self.agreed, self._rates[0])

    def _train(self) -> None:
        """TSI, SUB and SID where they are read, DCS, then TCF (T.30 5.2.3)."""
        wanted = {
            Fcf.TSI: self._options.station_id,
            Fcf.SUB: self._options.sub_address,
            Fcf.SID: self._options.password,
        }
        sent = self._addresses(self._offered, wanted)
        sent.append(self._ours(Fcf.DCS, self.agreed.profile.encode()))
        self._note_rate(self.agreed.profile.modulation)
        burst = durations.joined(self._v21(sent), durations.tcf(self.agreed.profile.modulation))
        self._note(US, f"TCF {self.agreed.profile.modulation}")
        self._say(burst)

    def _say(self, command: Burst) -> None:
        """Send a command that wants an answer, for the first time."""
        self._command = command
        self._tries = 1
        self._send(command)

    def repeat(self) -> None:
        """Send the last command again (T.30 5.4.1: three times in all)."""
        self._tries += 1
        self._note(US, f"again, {self._tries} of {TRIES}")
        self._send(self._command)

    # -- phase C and D

    def _line_octets(self) -> bytes:
        """The page in hand as the line carries it, fitted to what was settled."""
        page = fit(self._pages.page(self._index), self.agreed.shape, self.agreed.coding)
        row_bits = 0 if self._with_ecm else agreement.row_bits(self.agreed.profile)
        return stream.to_line(page.strip, page.coding, row_bits)

    def send_page(self) -> None:
        """Send the page in hand (T.30 5.2.5, flow chart I)."""
        self._after = self._command_after_page()
        octets = self._line_octets()
        modulation = self.agreed.profile.modulation
        self._note(US, f"page {self._index + 1}, {len(octets)} octets at {modulation}")
        self._send(durations.image(octets, modulation, short=True))

    def _command_after_page(self) -> Fcf:
        """EOP after the last page unless we poll then; EOM before another profile, else MPS (T.30 5.3.6.1.6)."""
        if self._index + 1 >= len(self._pages):
            return Fcf.EOM if self._polls_next else Fcf.EOP
        following = self._agree_on(self._index + 1)
        return Fcf.MPS if following.profile == self.agreed.profile else Fcf.EOM

    def send_command(self) -> None:
        """Say what follows the page."""
        self._tell_last_page()
        self._say(self._v21([self._ours(self._after)]))

    def _tell_last_page(self) -> None:
        """Before the far end is first told that the last page is over: after that it may hold all, whatever we hear."""
        if self._ends_document and not self._last_page_told:
            self._watch.last_page_sent()
            self._last_page_told = True

    @property
    def _polls_next(self) -> bool:
        """True when the far end's document is to follow ours in this call (turn-round)."""
        return self._options.poll and not self._is_called and Flag.HAS_DOCUMENT in self._offered

    def _confirm(self) -> None:
        """The far end has the page: tell it before anything else is sent."""
        self._watch.page_confirmed(self._index)
        self.record.pages_sent += 1
        self._index += 1
        self._refusals = 0
        if self._has_pages_left:
            self._agreed = self._agree_on(self._index)

    def confirm_and_send(self) -> None:
        """Take the page as received and send the next."""
        self._confirm()
        self.send_page()

    def confirm_and_train(self) -> None:
        """Take the page as received and train more slowly before the next (RTP)."""
        self._confirm()
        self._slow_down()
        self._train()

    def confirm_and_identify(self) -> None:
        """Take the page as received and wait for a new DIS (EOM)."""
        self._confirm()

    def confirm_and_end(self) -> None:
        """Take the last page as received and disconnect."""
        self._confirm()
        self.send_dcn()

    def train_and_resend(self) -> None:
        """Train more slowly and send the refused page again (RTN)."""
        self._slow_down()
        self._train()

    def identify_and_resend(self) -> None:
        """Send the refused page again, more slowly, once the far end is back at the beginning of phase B (EOM)."""
        self._slow_down()


_DOUBTFUL = frozenset({State.PAGE_ANSWER, State.BLOCK_ANSWER, State.NOT_READY})
_ANSWERING = _DOUBTFUL | {State.SLOWER, State.GIVE_UP}
_SENDING = _ANSWERING | {State.TRAIN}
_MCF_BY_COMMAND = {
    Fcf.MPS: Event.MCF_PAGE,
    Fcf.EOM: Event.MCF_DOCUMENT,
    Fcf.EOP: Event.MCF_LAST,
    Fcf.NULL: Event.MCF_BLOCK,
}
_RTP_BY_COMMAND = {
    Fcf.MPS: Event.RTP_PAGE,
    Fcf.EOM: Event.RTP_DOCUMENT,
    Fcf.EOP: Event.RTP_LAST,
    Fcf.NULL: Event.MCF_BLOCK,
}
_RTN_BY_COMMAND = {Fcf.EOM: Event.RTN_DOCUMENT}
_PIP_BY_COMMAND = {Fcf.EOP: Event.PIP_LAST, Fcf.NULL: Event.MCF_BLOCK}
# Answers to a command, by what was commanded and agreed.
_REFINED: dict[Event, Callable[[Sender], Event]] = {
    Event.CFR: lambda sender: Event.CFR_ECM if sender._with_ecm else Event.CFR,
    Event.FTT: lambda sender: Event.FTT if len(sender._rates) > 1 else Event.FTT_SLOWEST,
    Event.RTN: lambda sender: sender._refused(_RTN_BY_COMMAND.get(sender._after, Event.RTN), Event.RTN_THIRD),
    Event.PIN: lambda sender: sender._refused(Event.PIN, Event.PIN_THIRD),
    Event.MCF_PAGE: lambda sender: _MCF_BY_COMMAND[sender._after],
    Event.RTP_PAGE: lambda sender: _RTP_BY_COMMAND[sender._after],
    Event.PIP_DOCUMENT: lambda sender: _PIP_BY_COMMAND.get(sender._after, Event.PIP_DOCUMENT),
}
# RNR is none: a far end that is not ready may hold the page.
_ANSWERS = frozenset(
    {Event.MCF_PAGE, Event.RTP_PAGE, Event.PIP_DOCUMENT, Event.PIN, Event.RTN, Event.PPR, Event.CTR, Event.ERR}
)
