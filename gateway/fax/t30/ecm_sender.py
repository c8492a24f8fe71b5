"""The end that sends pages with error correction (T.30 Annex A, flow charts IV).

What lives here: blocks, frames asked for again, lower rates, giving up. What does not: everything a call has without
ECM (`sender`).
"""

from gateway.fax.t30 import durations, ecm
from gateway.fax.t30.frames import Fcf, FrameError, PartialPage, decode_map, encode_end
from gateway.fax.t30.machine import US
from gateway.fax.t30.options import PageSource, PageWatch, TerminalOptions
from gateway.fax.t30.sender import Sender
from gateway.fax.t30.states import Event, State

PPR_LIMIT = 4  # T.30 A.4.4.3: after the fourth, CTC or EOR


class EcmSender(Sender):
    """Sends with ECM when both ends have it."""

    def __init__(self, start: State, options: TerminalOptions, watch: PageWatch, pages: PageSource) -> None:
        super().__init__(start, options, watch, pages)
        self._blocks: list[list[bytes]] = []
        self._block = 0
        self._asked: list[bytes] = []
        self._requests = 0
        self._page_count = 0
        self._not_ready_since: int | None = None

    def _meaning(self, event: Event) -> Event:
        if event is not Event.RNR and event in _ENDS_NOT_READY:
            self._not_ready_since = None
        if event is Event.PPR:
            self._weigh_answer(event)
            return self._meaning_of_ppr()
        if event is Event.RNR:
            self._weigh_answer(event)
            return self._meaning_of_rnr()
        return super()._meaning(event)

    def _meaning_of_ppr(self) -> Event:
        if self.state not in (State.BLOCK_ANSWER, State.NOT_READY):
            return Event.PPR
        self._requests += 1
        self.record.ecm_requests += 1
        self._asked = self._frames_asked()
        if self._requests < PPR_LIMIT:
            return Event.PPR
        return Event.PPR_FOURTH if len(self._rates) > 1 else Event.PPR_SLOWEST

    def _frames_asked(self) -> list[bytes]:
        """The frames of the PPR just heard; the whole block when it asks for none that exists."""
        block = self._blocks[self._block]
        try:
            asked = decode_map(self._frame.fif)
        except FrameError:
            return block
        return [octets for number, octets in enumerate(block) if number in asked] or block

    def _meaning_of_rnr(self) -> Event:
        if self._not_ready_since is None or self.state is State.BLOCK_ANSWER:
            self._not_ready_since = self.now
        too_long = self.now - self._not_ready_since >= self._timers.t5
        return Event.RNR_TOO_LONG if too_long else Event.RNR

    @property
    def _ends_document(self) -> bool:
        return super()._ends_document and (not self._blocks or self._is_last_block)

    @property
    def _is_last_block(self) -> bool:
        return self._block + 1 >= len(self._blocks)

    def send_page(self) -> None:
        """Send the page in hand, in blocks with ECM."""
        if self._with_ecm:
            self.send_block()
        else:
            self._blocks = []
            super().send_page()

    def send_block(self) -> None:
        """Cut the page in hand into blocks and send the first."""
        self._blocks = ecm.blocks(self._line_octets(), self.agreed.frame_octets)
        self._block = 0
        self._begin_block()

    def send_next_block(self) -> None:
        """Send the block after the one confirmed."""
        self._block += 1
        self._begin_block()

    def _begin_block(self) -> None:
        self._after = self._command_after_page() if self._is_last_block else Fcf.NULL
        self._requests = 0
        self.record.ecm_blocks += 1
        self._send_frames(self._blocks[self._block])

    def _send_frames(self, sent: list[bytes], *, short: bool = True) -> None:
        """Frames and three RCP on the fast carrier."""
        self._asked = sent
        self.record.ecm_frames += len(sent)
        modulation = self.agreed.profile.modulation
        self._note(US, f"page {self._index + 1} block {self._block}, {len(sent)} frames at {modulation}")
        self._send(durations.hdlc(sent + ecm.RCPS, modulation, short=short))

    def send_pps(self) -> None:
        """Say what was sent (T.30 A.4.3)."""
        self._tell_last_page()
        field = PartialPage(self._after, self._page_count, self._block, len(self._asked))
        self._say(self._v21([self._ours(Fcf.PPS, field.encode(x=self._heard_dis))]))

    def resend_frames(self) -> None:
        """Send the frames that PPR asked for."""
        self.record.frames_resent += len(self._asked)
        self._send_frames(self._asked)

    def send_ctc(self) -> None:
        """Offer to go on at a lower rate: DCS bits 1-16 (T.30 A.4.3, CTC)."""
        self._slow_down()
        self._note_rate(self.agreed.profile.modulation)
        self._say(self._v21([self._ours(Fcf.CTC, self.agreed.profile.encode_rate())]))

    def send_slower(self) -> None:
        """Send the frames asked for at the lower rate, trained anew; requests are counted from none."""
        self._requests = 0
        self.record.frames_resent += len(self._asked)
        self._send_frames(self._asked, short=False)

    def send_eor(self) -> None:
        """End the retransmissions of a block that no rate gets across."""
        self._say(self._v21([self._ours(Fcf.EOR, encode_end(self._after, x=self._heard_dis))]))

    def send_rr(self) -> None:
        """Ask whether the far end is ready now."""
        self._say(self._v21([self._ours(Fcf.RR)]))

    def _confirm(self) -> None:
        super()._confirm()
        self._page_count += 1


_ENDS_NOT_READY = frozenset(
    {Event.MCF_PAGE, Event.RTP_PAGE, Event.PIP_DOCUMENT, Event.PIN, Event.PPR, Event.RTN, Event.ERR, Event.CTR}
)
