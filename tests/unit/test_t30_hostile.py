"""Whatever the line brings, a station neither fails nor stays for ever, and says nothing untrue."""

from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.domain.call import Cause
from gateway.fax.t30.capabilities import Capabilities, Flag, Profile
from gateway.fax.t30.frames import Fcf, Frame, PartialPage, encode_end, encode_map
from gateway.fax.t30.options import EVERYTHING, PageWatch, TerminalOptions
from gateway.fax.t30.reception import ReceivedPage, quality
from gateway.fax.t30.signals import (
    CallProgress,
    CarrierEnd,
    Flags,
    HdlcFrame,
    ImageOctets,
    LineSignal,
    Modulation,
    Progress,
    Tone,
    ToneKind,
    Training,
)
from gateway.fax.t30.station import Station
from gateway.fax.t30.terminal import Answerer, Caller
from tests.fax_calls import document, text_bitmap
from tests.unit.test_t30_capabilities import capabilities, profiles

HOUR_MS = 3_600_000
PAGES = document(text_bitmap(1, rows=40), text_bitmap(2, rows=40))

modulations = st.sampled_from(Modulation)
ends = st.sampled_from([Fcf.NULL, Fcf.MPS, Fcf.EOM, Fcf.EOP, Fcf.EOS, Fcf.PRI_EOP])
partial_pages = st.builds(PartialPage, ends, st.integers(0, 2), st.integers(0, 2), st.integers(1, 256))
fields = st.one_of(
    st.just(b""),
    st.just(EVERYTHING.encode()),
    st.binary(max_size=40),
    capabilities.map(Capabilities.encode),
    profiles.map(Profile.encode),
    partial_pages.map(PartialPage.encode),
    ends.map(encode_end),
    st.frozensets(st.integers(0, 255)).map(encode_map),
)
frames = st.builds(Frame, st.sampled_from(Fcf), fields, st.booleans(), st.booleans()).map(Frame.encode)
signals = st.one_of(
    st.builds(HdlcFrame, frames, st.just(Modulation.V21_300), st.sampled_from([True, True, True, False])),
    st.builds(HdlcFrame, st.binary(max_size=30), modulations),
    st.builds(HdlcFrame, frames, modulations),
    st.builds(ImageOctets, st.binary(max_size=300), modulations),
    st.builds(Training, modulations, st.booleans()),
    st.builds(CarrierEnd, modulations),
    st.builds(Tone, st.sampled_from(ToneKind)),
    st.just(Flags()),
    st.builds(CallProgress, st.sampled_from([Progress.RINGING, Progress.ANSWERED, Progress.SPEECH])),
)
scripts = st.lists(st.tuples(st.integers(0, 20_000), signals), max_size=40)


def play(station: Station, script: list[tuple[int, LineSignal]]) -> None:
    for pause, signal in script:
        station.advance(pause)
        station.deliver(signal)
    station.advance(HOUR_MS)


def caller(confirmed: list[int], last_page_sent: Callable[[], None] = lambda: None) -> Caller:
    station = Caller(PAGES, TerminalOptions(), PageWatch(confirmed.append, last_page_sent))
    station.deliver(CallProgress(Progress.ANSWERED))
    return station


@settings(max_examples=150, deadline=None)
@given(scripts)
def test_a_caller_outlives_any_far_end(script: list[tuple[int, LineSignal]]) -> None:
    confirmed: list[int] = []
    told: list[str] = []
    station = caller(confirmed, lambda: told.append("last page"))

    play(station, script)

    assert station.done
    assert station.wake_in is None
    assert len(told) <= 1
    assert told or not (station.record.last_page_in_doubt or len(confirmed) == len(PAGES))
    assert station.record.cause is not None
    assert confirmed == list(range(station.record.pages_confirmed))
    assert (station.record.cause is Cause.DONE) == (len(confirmed) == len(PAGES))


@settings(max_examples=150, deadline=None)
@given(scripts)
def test_an_answerer_outlives_any_caller(script: list[tuple[int, LineSignal]]) -> None:
    received: list[ReceivedPage] = []
    station = Answerer(TerminalOptions(), PageWatch(page_received=received.append))
    station.begin()

    play(station, script)

    assert station.done
    assert station.record.cause is not None
    assert [page.number for page in received] == list(range(station.record.pages_confirmed))
    assert all(page.bitmap.shape.rows for page in received)


def endless(signal: LineSignal, every_ms: int) -> Iterator[tuple[int, LineSignal]]:
    for _ in range(HOUR_MS // 4 // every_ms):
        yield (every_ms, signal)


@pytest.mark.parametrize("fcf", [Fcf.NSF, Fcf.CSI, Fcf.DIS, Fcf.CRP, Fcf.CFR, Fcf.MCF, Fcf.RNR, Fcf.PPR, Fcf.FTT])
@pytest.mark.parametrize("every_ms", [700, 2500])
def test_one_frame_said_for_ever_does_not_hold_a_caller(fcf: Fcf, every_ms: int) -> None:
    fif = EVERYTHING.encode() if fcf is Fcf.DIS else b"\xff" * 32
    station = caller([])
    station.deliver(HdlcFrame(Frame(Fcf.DIS, EVERYTHING.encode()).encode()))

    for pause, signal in endless(HdlcFrame(Frame(fcf, fif).encode()), every_ms):
        station.advance(pause)
        station.deliver(Flags())
        station.deliver(signal)

    assert station.done


@pytest.mark.parametrize("signal", [Flags(), Tone(ToneKind.CED), CallProgress(Progress.RINGING)])
def test_one_signal_for_ever_does_not_hold_a_caller(signal: LineSignal) -> None:
    station = caller([])

    for pause, each in endless(signal, 900):
        station.advance(pause)
        station.deliver(each)

    assert station.done
    assert station.record.cause is Cause.NO_FAX_TONE


def test_a_station_that_has_left_hears_nothing() -> None:
    station = caller([])
    station.deliver(CallProgress(Progress.HANG_UP))
    station.advance(1)

    station.deliver(CallProgress(Progress.BUSY))
    station.deliver(HdlcFrame(Frame(Fcf.DIS, EVERYTHING.encode()).encode()))

    assert station.done
    assert station.record.cause is Cause.LINE_DROPPED
    assert station.advance(HOUR_MS) == []


def test_a_station_hears_nothing_of_the_far_end_while_it_sends() -> None:
    station = caller([])
    dis = HdlcFrame(Frame(Fcf.DIS, EVERYTHING.encode()).encode())
    station.deliver(dis)
    station.deliver(Tone(ToneKind.CED))
    station.deliver(dis)
    before = len(station.record.notes)

    station.advance(1000)
    station.deliver(HdlcFrame(Frame(Fcf.FTT).encode()))

    assert len(station.record.notes) == before


def test_a_fault_of_our_own_ends_the_call_as_such() -> None:
    station = caller([])

    station.abandon("page 1 cannot be read")

    assert station.advance(1) == [CallProgress(Progress.HANG_UP)]
    assert station.done
    assert station.record.cause is Cause.LOCAL_ERROR
    assert station.record.notes[-2][2] == "page 1 cannot be read"


def test_time_in_small_steps_and_in_one_come_to_the_same() -> None:
    stepped, leapt = caller([]), caller([])

    by_steps = [signal for _ in range(6000) for signal in stepped.advance(10)]

    assert by_steps == leapt.advance(60_000)
    assert stepped.record.notes == leapt.record.notes


@pytest.mark.parametrize(
    ("rows", "bad", "answer"),
    [
        (1000, 0, Fcf.MCF),
        (1000, 49, Fcf.MCF),
        (1000, 50, Fcf.RTP),
        (1000, 150, Fcf.RTP),
        (1000, 151, Fcf.RTN),
        (0, 0, Fcf.RTN),
        (1, 1, Fcf.RTN),
    ],
)
def test_a_page_is_answered_by_its_share_of_bad_rows(rows: int, bad: int, answer: Fcf) -> None:
    assert quality(rows, bad) is answer


def heard_for_ever(said: list[LineSignal], pause: int) -> Answerer:
    """An answerer to whom somebody says the same again and again, whatever he is answered."""
    station = Answerer(TerminalOptions(), PageWatch())
    station.begin()
    while not station.done and station.now < HOUR_MS:
        for signal in said:
            station.deliver(signal)
            station.advance(pause)
    return station


def test_who_trains_for_ever_is_left() -> None:
    plain = Frame(Fcf.DCS, Profile(Modulation.V29_9600, frozenset()).encode()).encode()
    end = CarrierEnd(Modulation.V29_9600)

    station = heard_for_ever([Flags(), HdlcFrame(plain), Training(Modulation.V29_9600), end], 1_000)

    assert station.done
    assert station.record.cause is Cause.PROTOCOL


def trained(profile: Profile) -> Answerer:
    """An answerer that waits for a page."""
    station = Answerer(TerminalOptions(), PageWatch())
    station.begin()
    station.advance(10_000)
    fast = profile.modulation
    dcs = HdlcFrame(Frame(Fcf.DCS, profile.encode()).encode())
    for signal in (Flags(), dcs, Training(fast), ImageOctets(bytes(1_800), fast), CarrierEnd(fast)):
        station.deliver(signal)
    station.advance(3_000)
    station.deliver(Training(fast))
    return station


def test_a_page_that_never_ends_ends_the_call() -> None:
    station = trained(Profile(Modulation.V29_9600, frozenset()))
    rows = ImageOctets(b"\x00\x10\x01\x35" * (1 << 18), Modulation.V29_9600)

    for _ in range(16):
        station.deliver(rows)
    assert station.record.cause is None

    station.deliver(rows)
    assert station.record.cause is Cause.PROTOCOL


@pytest.mark.parametrize("good", [True, False])
def test_a_block_that_never_ends_ends_the_call(*, good: bool) -> None:
    station = trained(Profile(Modulation.V29_9600, frozenset({Flag.ECM})))
    frame = HdlcFrame(b"\xff\xc0\x60\x00" + bytes(256), Modulation.V29_9600, good)

    for _ in range(1 << 14):
        station.deliver(frame)
    assert station.record.cause is None

    station.deliver(frame)
    assert station.record.cause is Cause.PROTOCOL
