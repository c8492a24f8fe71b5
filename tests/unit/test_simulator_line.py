"""The line carries signals in their time, and harms them as told."""

import pytest

from gateway.fax.simulator.disturbances import Harm, Harmed, name_of, spoiled
from gateway.fax.simulator.line import Line, Side
from gateway.fax.t30.frames import Fcf, Frame, PartialPage
from gateway.fax.t30.signals import (
    CallProgress,
    CarrierEnd,
    HdlcFrame,
    ImageOctets,
    LineSignal,
    Modulation,
    Progress,
    Training,
)

HANG_UP = CallProgress(Progress.HANG_UP)
MCF, EOP = HdlcFrame(Frame(Fcf.MCF).encode()), HdlcFrame(Frame(Fcf.EOP).encode())


class Script:
    """Says signals at their times, and leaves when it is told that the other has."""

    def __init__(self, *said: tuple[int, LineSignal]) -> None:
        self._said = list(said)
        self.now = 0
        self.done = False
        self.heard: list[tuple[int, LineSignal]] = []

    @property
    def wake_in(self) -> int | None:
        return self._said[0][0] - self.now if self._said else None

    def deliver(self, signal: LineSignal) -> None:
        self.heard.append((self.now, signal))
        self.done = self.done or signal == HANG_UP

    def advance(self, milliseconds: int) -> list[LineSignal]:
        self.now += milliseconds
        sent = [signal for at, signal in self._said if at <= self.now]
        self._said = [(at, signal) for at, signal in self._said if at > self.now]
        self.done = self.done or HANG_UP in sent
        return sent


def heard_by_the_far_end(*said: LineSignal, disturbances: tuple[Harmed, ...] = (), delay_ms: int = 0) -> list:
    caller = Script(*((100 * (place + 1), signal) for place, signal in enumerate([*said, HANG_UP])))
    far_end = Script()
    Line(caller, far_end, disturbances, delay_ms).run()
    return far_end.heard


@pytest.mark.parametrize("delay_ms", [0, 40, 950])
def test_signals_arrive_after_the_delay(delay_ms: int) -> None:
    heard = heard_by_the_far_end(MCF, EOP, delay_ms=delay_ms)

    assert heard == [(100 + delay_ms, MCF), (200 + delay_ms, EOP), (300 + delay_ms, HANG_UP)]


def test_a_late_far_end_is_heard_later_and_hears_in_time() -> None:
    caller, far_end = Script((1_000, MCF), (2_000, HANG_UP)), Script((1_000, EOP))

    Line(caller, far_end, delay_ms=50, late_ms=700).run()

    assert caller.heard == [(1_750, EOP)]
    assert far_end.heard == [(1_050, MCF), (2_050, HANG_UP)]


def test_each_end_hears_what_it_said_but_not_what_the_network_says() -> None:
    caller = Script((1_000, CallProgress(Progress.SPEECH)), (1_100, MCF), (2_000, HANG_UP))
    far_end = Script()

    Line(caller, far_end, delay_ms=10, echo_ms=300).run()

    assert caller.heard == [(1_400, MCF)]
    assert [signal for _, signal in far_end.heard] == [CallProgress(Progress.SPEECH), MCF, HANG_UP]


def test_a_call_can_be_run_in_slices() -> None:
    line = Line(Script((700, MCF), (2_500, HANG_UP)), Script())

    moments = []
    while not line.run_until(line.now + 1_000):
        moments.append(line.now)

    assert moments == [1_000, 2_000]
    assert (line.now, line.done) == (2_500, True)


def test_slices_make_the_same_call_as_one_run() -> None:
    def heard(slice_ms: int) -> list:
        caller, far_end = Script((333, MCF), (1_777, EOP), (4_000, HANG_UP)), Script((900, MCF))
        line = Line(caller, far_end, delay_ms=70, echo_ms=30)
        while not line.run_until(line.now + slice_ms):
            pass
        return [caller.heard, far_end.heard]

    assert heard(10) == heard(10_000)


def test_a_call_without_an_end_is_an_error() -> None:
    with pytest.raises(RuntimeError, match="does not end"):
        Line(Script(), Script()).run(limit_ms=10_000)


def test_each_second_is_told() -> None:
    told: list[int] = []
    line = Line(Script((5_500, HANG_UP)), Script())

    line.run(lambda: told.append(line.now))

    assert told == [1000, 2000, 3000, 4000, 5000]


def test_a_lost_signal_does_not_arrive() -> None:
    lose = Harmed(Harm.LOSE, Side.CALLER, "MCF", first=2)

    heard = heard_by_the_far_end(MCF, MCF, MCF, disturbances=(lose,))

    assert [at for at, _ in heard] == [100, 300, 400]


def test_a_spoilt_frame_arrives_with_a_bad_check_sequence() -> None:
    spoil = Harmed(Harm.SPOIL, Side.CALLER, "MCF")

    heard = heard_by_the_far_end(MCF, MCF, disturbances=(spoil,))

    assert [signal.good for _, signal in heard[:2]] == [False, True]


def test_a_cut_line_is_dead_for_both() -> None:
    caller, far_end = Script((100, EOP), (200, MCF), (9000, HANG_UP)), Script()

    Line(caller, far_end, [Harmed(Harm.CUT, Side.CALLER, "MCF")]).run()

    assert far_end.heard == [(100, EOP), (200, HANG_UP)]
    assert caller.heard == [(200, HANG_UP)]


def test_a_signal_that_its_sender_leaves_after_arrives() -> None:
    leave = Harmed(Harm.LEAVE, Side.CALLER, "MCF")

    assert leave(Side.CALLER, MCF, 200) == (MCF, HANG_UP)


@pytest.mark.parametrize(("into", "fcf"), [("DCN", Fcf.DCN), ("RTN", Fcf.RTN), ("PRI-EOP", Fcf.PRI_EOP)])
def test_a_turned_frame_arrives_as_another(into: str, fcf: Fcf) -> None:
    turn = Harmed(Harm.TURN, Side.CALLER, "MCF", into=into)

    heard = heard_by_the_far_end(EOP, MCF, disturbances=(turn,))

    assert [signal for _, signal in heard] == [EOP, HdlcFrame(Frame(fcf).encode()), HANG_UP]


def test_nothing_is_counted_before_its_moment() -> None:
    lose = Harmed(Harm.LOSE, Side.CALLER, "MCF", from_ms=250)

    heard = heard_by_the_far_end(MCF, MCF, MCF, MCF, disturbances=(lose,))

    assert [at for at, _ in heard] == [100, 200, 400, 500]


def test_only_every_so_many_are_harmed() -> None:
    lose = Harmed(Harm.LOSE, Side.CALLER, "MCF", first=2, count=2, every=3)

    heard = heard_by_the_far_end(*[MCF] * 9, disturbances=(lose,))

    assert [at // 100 for at, _ in heard] == [1, 3, 4, 6, 7, 8, 9, 10]


def test_nothing_is_counted_before_the_command_waited_for() -> None:
    lose = Harmed(Harm.LOSE, Side.CALLER, "MCF", after="EOP")

    heard = heard_by_the_far_end(MCF, EOP, MCF, MCF, disturbances=(lose,))

    assert [at // 100 for at, _ in heard] == [1, 2, 4, 5]


def test_the_other_sides_signals_are_left_alone() -> None:
    lose = Harmed(Harm.LOSE, Side.FAR_END, "MCF", count=9)

    assert len(heard_by_the_far_end(MCF, MCF, disturbances=(lose,))) == 3


@pytest.mark.parametrize(
    ("signal", "name"),
    [
        (MCF, "MCF"),
        (HdlcFrame(Frame(Fcf.PPS, PartialPage(Fcf.EOM, 0, 0, 1).encode()).encode()), "PPS-EOM"),
        (HdlcFrame(Frame(Fcf.PRI_EOP).encode()), "PRI-EOP"),
        (HdlcFrame(b"\xff\xc0\x60\x00", Modulation.V29_9600), "FCD"),
        (HdlcFrame(b"??"), ""),
        (HdlcFrame(Frame(Fcf.PPS).encode()), ""),
        (Training(Modulation.V29_9600), "training"),
        (ImageOctets(b"", Modulation.V29_9600), "image"),
        (CarrierEnd(), ""),
    ],
)
def test_signals_have_the_names_that_scripts_use(signal: LineSignal, name: str) -> None:
    assert name_of(signal) == name


def test_what_has_no_contents_cannot_be_spoilt() -> None:
    assert spoiled(CarrierEnd()) == CarrierEnd()
    assert spoiled(ImageOctets(b"\0", Modulation.V29_9600)).octets == b"\x55"
