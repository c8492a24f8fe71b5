"""A ladder in characters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.call import Signal
from gateway.fax.ladder import text

CALL = [
    Signal(-2500, "far end", "ringing"),
    Signal(0, "far end", "answered"),
    Signal(0, "us", "CNG"),
    Signal(4732, "far end", "DIS 00 77 5f 23 01 81 80"),
    Signal(4732, "us", "DCS 00 46 1f 22"),
    Signal(4732, "us", "TCF 14400 V.17"),
    Signal(11_052, "far end", "CFR"),
    Signal(11_052, "us", "page 1 block 0, 50 frames at 14400 V.17"),
    Signal(19_004, "us", "PPS f4 00 00 8c"),
    Signal(20_000, "far end", "frame with errors"),
    *(Signal(21_000 + 2000 * number, "far end", "RNR") for number in range(5)),
    Signal(31_000, "far end", "MCF"),
    Signal(31_000, "us", "DCN"),
    Signal(32_264, "us", "hangs up"),
]
DRAWN = """\
phase       time us                     far end
  A      -0:02.5 |<......... ringing .........|
          0:00.0 |<......... answered ........|
                 |----------- CNG ----------->|  calling tone
  B       0:04.7 |<----------- DIS -----------|  up to 14400 V.17, ECM, MMR, superfine, A3 wide, any
                 |                            |  length, sub-address
                 |----------- DCS ----------->|  14400 V.17, ECM, MMR, fine, A4 wide, any length
                 |----------- TCF ----------->|  training check at 14400 V.17
          0:11.1 |<----------- CFR -----------|  trained well, ready to receive
  C              |========== page 1 =========>|  block 1, 50 frames at 14400 V.17
  D       0:19.0 |--------- PPS-EOP --------->|  block 1, 50 frames; that was the last page
          0:20.0 |<~~~~~~~~~~~~ ? ~~~~~~~~~~~~|  frame with errors
          0:21.0 |<----------- RNR -----------|  not ready yet
                 |             :              |  RNR, 4 times more, to 0:29.0
          0:31.0 |<----------- MCF -----------|  received well
  E              |----------- DCN ----------->|  ends the call
          0:32.3 |......... hangs up ........>|
                 Success: 1 of 1 page confirmed"""


def test_a_call_is_drawn_between_two_columns() -> None:
    assert "\n".join(text.draw(CALL, "Success: 1 of 1 page confirmed")) == DRAWN


def test_a_call_without_a_signal_has_its_ending() -> None:
    head, ending = text.draw([], "General Error: nothing was dialled")

    assert head.split() == ["phase", "time", "us", "far", "end"]
    assert ending.strip() == "General Error: nothing was dialled"


def test_a_note_of_our_own_has_no_arrow() -> None:
    line = text.draw([Signal(1500, "us", "the trunk is out of order")], "")[1]

    assert line == f"  A       0:01.5 |{'':28}|  the trunk is out of order"


def test_a_long_ending_and_a_long_name_stay_within_the_page() -> None:
    burst = [
        Signal(0, "us", name) for name in ("TSI 1", "SUB 2", "SID 3", "NSS ad 00", "DCS 00 46 1f", "TCF 9600 V.29")
    ]

    lines = text.draw([*burst, Signal(3000, "us", "again, 2 of 3")], "word " * 60)

    assert max(len(line) for line in lines) <= text.WIDTH
    assert any(line.endswith("|---- TSI SUB SID NSS... --->|  again, 2 of 3") for line in lines)


@pytest.mark.parametrize(
    ("milliseconds", "shown"),
    [
        (0, "0:00.0"),
        (-40, "0:00.0"),
        (-60, "-0:00.1"),
        (59_949, "0:59.9"),
        (59_951, "1:00.0"),
        (-8_500, "-0:08.5"),
        (3_723_400, "62:03.4"),
    ],
)
def test_times_are_minutes_seconds_and_tenths(milliseconds: int, shown: str) -> None:
    assert text.clock(milliseconds) == shown


@given(
    st.lists(st.builds(Signal, st.integers(-60_000, 10**7), st.sampled_from(["us", "far end"]), st.text()), max_size=9)
)
def test_no_trace_is_drawn_wider_than_a_page(trace: list[Signal]) -> None:
    lines = text.draw(trace, "an ending")

    assert all(len(line) <= text.WIDTH for line in lines)
    assert lines[-1].strip() == "an ending"
