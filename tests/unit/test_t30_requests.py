"""DTC and DCS name the frames that go before them (T.30 table 2, bits 35, 47, 49 and 50)."""

import pytest

from gateway.fax.t30 import frames
from gateway.fax.t30.capabilities import Capabilities, Flag, decode_capabilities, decode_profile
from gateway.fax.t30.frames import Fcf, Frame
from gateway.fax.t30.options import EVERYTHING, PageWatch, TerminalOptions
from gateway.fax.t30.signals import CallProgress, CarrierEnd, Flags, HdlcFrame, Progress
from gateway.fax.t30.terminal import Caller
from tests.fax_calls import document, text_bitmap

READS = frozenset({Flag.SUB, Flag.PWD, Flag.SELECTIVE_POLLING, Flag.POLLED_SUBADDRESS})
PLAIN = EVERYTHING.with_flags(EVERYTHING.flags - READS)
TOLD = {"sub_address": "1", "password": "2", "selective_polling": "3", "polled_sub_address": "4"}


def heard(caller: Caller, offered: Capabilities) -> dict[Fcf, Frame]:
    """The V.21 frames of a caller that has just heard this DIS."""
    caller.deliver(CallProgress(Progress.ANSWERED))
    caller.advance(2_000)
    for signal in (Flags(), HdlcFrame(Frame(Fcf.DIS, offered.encode()).encode()), CarrierEnd()):
        caller.deliver(signal)
    sent = [signal for signal in caller.advance(10_000) if isinstance(signal, HdlcFrame)]
    return {frame.fcf: frame for frame in (frames.decode(signal.octets) for signal in sent)}


@pytest.mark.parametrize(
    ("reads", "sent"),
    [
        (READS, {Fcf.PWD, Fcf.SEP, Fcf.PSA, Fcf.DTC}),
        (READS - {Flag.PWD}, {Fcf.SEP, Fcf.PSA, Fcf.DTC}),
        (frozenset(), {Fcf.DTC}),
    ],
)
def test_a_dtc_names_what_went_before_it(reads: frozenset[Flag], sent: set[Fcf]) -> None:
    caller = Caller(None, TerminalOptions(poll=True, **TOLD), PageWatch())

    told = heard(caller, PLAIN.with_flags(PLAIN.flags | reads | {Flag.HAS_DOCUMENT}))

    request = decode_capabilities(told[Fcf.DTC].fif)
    assert set(told) == sent
    assert request.flags & (READS | {Flag.HAS_DOCUMENT}) == reads - {Flag.SUB}
    assert Flag.RECEIVE in request


@pytest.mark.parametrize(
    ("reads", "sent"),
    [
        (READS, {Fcf.SUB, Fcf.SID, Fcf.DCS}),
        (READS - {Flag.SUB}, {Fcf.SID, Fcf.DCS}),
        (frozenset(), {Fcf.DCS}),
    ],
)
def test_a_dcs_names_what_went_before_it(reads: frozenset[Flag], sent: set[Fcf]) -> None:
    caller = Caller(document(text_bitmap(1, rows=40)), TerminalOptions(**TOLD), PageWatch())

    told = heard(caller, PLAIN.with_flags(PLAIN.flags | reads))

    assert set(told) == sent
    assert decode_profile(told[Fcf.DCS].fif).flags & READS == reads & {Flag.SUB, Flag.SID}
