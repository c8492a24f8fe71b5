"""Scenario files: what can be said in them, and how mistakes are told."""

import re
from pathlib import Path

import pytest

from gateway.domain.errors import UsageError
from gateway.fax.simulator.exchange import Exchange
from gateway.fax.simulator.plans import FarEndPlan, Kind
from gateway.fax.t4.classf import PageFile
from gateway.fax.t30.capabilities import Flag, ScanTime, Widths

NUMBER = "+13125550199"


def scenario(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "far_ends.toml"
    path.write_text(text, encoding="utf-8")
    return path


def exchange(tmp_path: Path, text: str) -> Exchange:
    return Exchange.load([scenario(tmp_path, text)])


def dialled(tmp_path: Path, keys: str) -> FarEndPlan:
    """What answers a number whose only dial has these keys."""
    return exchange(tmp_path, f'[[number]]\nnumber = "{NUMBER}"\n[[number.dial]]\n{keys}').plan(NUMBER, 0)


def test_a_file_says_what_a_machine_offers(tmp_path: Path) -> None:
    plan = dialled(tmp_path, 'rings = 1\necm = false\nwidth = "B4"\nscan = "MS20_HALF"\nsmall_frames_preferred = true')

    offered = plan.options.capabilities
    assert (plan.kind, plan.rings) == (Kind.FAX, 1)
    assert Flag.ECM not in offered
    assert {Flag.MMR, Flag.SMALL_FRAMES_PREFERRED} <= offered.flags
    assert (offered.widths, offered.scan) == (Widths.B4, ScanTime.MS20_HALF)


def test_a_file_says_how_a_machine_behaves(tmp_path: Path) -> None:
    plan = dialled(
        tmp_path,
        """
        station_id = "+1 312"
        password = "42"
        busy_ms = 700
        asks_operator = true
        asks_repetition = true
        nonstandard = "00b5"
        speech_ms = 4000
        late_ms = 900
        """,
    )

    options = plan.options
    assert (options.station_id, options.required_password, options.busy_ms) == ("+1 312", "42", 700)
    assert (options.asks_operator, options.asks_repetition, options.nonstandard) == (True, True, b"\x00\xb5")
    assert (plan.speech_ms, plan.late_ms) == (4000, 900)


def test_a_file_says_what_is_harmed(tmp_path: Path) -> None:
    plan = dialled(
        tmp_path,
        'disturb = [{ harm = "turn", side = "far end", name = "MCF", first = 2, count = 3, every = 4, after = "EOP",'
        ' from_ms = 5, into = "RTN" }]',
    )

    made = plan.disturbances[0]()
    assert (made.harm, made.side, made.name, made.after, made.into) == ("turn", "far end", "MCF", "EOP", "RTN")
    assert (made.first, made.count, made.every, made.from_ms) == (2, 3, 4, 5)
    assert plan.disturbances[0]() is not made


def test_a_file_describes_lines(tmp_path: Path) -> None:
    found = exchange(
        tmp_path,
        f"""
        [line.mine]
        delay_ms = 7
        bit_error_rate = 1e-4
        burst_gap_ms = 900
        [line.worse]
        like = "mine"
        frame_loss = 0.5
        [far_end.there]
        line = "worse"
        [[number]]
        number = "{NUMBER}"
        far_end = "there"
        """,
    )

    line = found.plan(NUMBER, 0).line
    assert (line.delay_ms, line.frame_loss, line.noise.bit_error_rate, line.noise.burst_gap_ms) == (7, 0.5, 1e-4, 900)


def test_a_far_end_may_be_like_another_and_differ(tmp_path: Path) -> None:
    plan = dialled(tmp_path, 'like = "old"\nline = "poor"\nfine = true')

    assert plan.name == "old"
    assert plan.line == Exchange.load().scenario.lines["poor"]
    assert {Flag.FINE} == plan.options.capabilities.flags - {Flag.RECEIVE}


def test_far_ends_by_name_answer_dial_by_dial_and_tables_after_them(tmp_path: Path) -> None:
    found = exchange(
        tmp_path,
        f'[[number]]\nnumber = "{NUMBER}"\nfar_end = ["busy", "person"]\nmeaning = "why"\noutcome = "Busy"\n'
        '[[number.dial]]\nkind = "silence"\n',
    )

    assert [found.plan(NUMBER, dial).kind for dial in range(3)] == [Kind.BUSY, Kind.VOICE, Kind.SILENCE]
    listed = next(one for one in found.listing() if one.number == NUMBER)
    assert (listed.far_end, listed.meaning, listed.outcome) == ("busy, then person, then silence", "why", "Busy")


def test_a_document_to_be_polled_lies_beside_the_file() -> None:
    plan = Exchange.load().far_end("polling_server")

    assert plan.document is not None
    assert len(PageFile(plan.document)) == 2


def test_a_file_replaces_a_reserved_number_and_leaves_the_others(tmp_path: Path) -> None:
    found = exchange(tmp_path, '[[number]]\nnumber = "+12025550100"\nfar_end = "busy"\n')

    assert found.plan("+12025550100", 0).kind is Kind.BUSY
    assert found.plan("+12025550104", 0).kind is Kind.VOICE
    assert Exchange.load().plan("+12025550100", 0).kind is Kind.FAX


DIAL = f'[[number]]\nnumber = "{NUMBER}"\n[[number.dial]]\n'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("nonsense", "cannot be read as TOML"),
        ('[[numbers]]\nnumber = "+12025550100"', "unknown key 'numbers'"),
        ('[[number]]\nnumber = "2025550100"\nfar_end = "busy"', "is not a number"),
        ("[[number]]\nnumber = 2025550100", "number = 2025550100 must be text in quotes"),
        (f'[[number]]\nnumber = "{NUMBER}"', f"number {NUMBER}: has neither far_end nor"),
        (f'[[number]]\nnumber = "{NUMBER}"\nfar_end = "fish"', "far_end = 'fish' is none of the far ends named"),
        (f'[[number]]\nnumber = "{NUMBER}"\nfar_end = 3', "far_end = 3 must be a text or a list of texts"),
        (f'[[number]]\nnumber = "{NUMBER}"\nfar_end = "busy"\noutcome = "Lost"', "outcome = 'Lost' is none of Success"),
        ("number = 3", "number = 3 must be a list of tables"),
        ("far_end = 3", "far_end = 3 must be tables with names"),
        (DIAL + 'kind = "fish"', "kind = 'fish' is none of fax"),
        (DIAL + "speed = 9", f"number {NUMBER}, dial: unknown key 'speed'"),
        (DIAL + 'width = "A5"', "width = 'A5' is none of A4"),
        (DIAL + 'rings = "two"', "rings = 'two' must be a whole number, 1 or more"),
        (DIAL + "rings = 0", "rings = 0 must be a whole number, 1 or more"),
        (DIAL + "ecm = 1", "ecm = 1 must be true or false"),
        (DIAL + 'station_id = "Head Office"', "station_id = 'Head Office' must be at most 20 digits"),
        (DIAL + 'nonstandard = "0"', "nonstandard = '0' must be pairs of hexadecimal digits"),
        (DIAL + 'document = "gone.tif"', "document = 'gone.tif' must name a class F TIFF"),
        (DIAL + 'line = "wet"', "line = 'wet' is none of the lines named before: bad"),
        (DIAL + 'like = "fish"', "like = 'fish' is none of the far ends named before"),
        (DIAL + 'disturb = [{ harm = "lose" }]', "dial, disturb: needs side, name"),
        (DIAL + 'disturb = [{ harm = "lose", side = "both", name = "MCF" }]', "side = 'both' is none of caller"),
        (DIAL + 'disturb = [{ harm = "turn", side = "caller", name = "MCF", into = "X" }]', "into = 'X' is no frame"),
        ("[line.wet]\nbit_error_rate = 2", "line.wet: bit_error_rate = 2 must be a number from 0 to 1"),
        ('[line.wet]\nlike = "wet"', "line.wet: like = 'wet' is none of the lines"),
        ("[line.wet]\nrain = 1", "line.wet: unknown key 'rain'"),
        ("[far_end.fish]\nrings = -1", "far_end.fish: rings = -1"),
    ],
)
def test_a_mistake_in_a_file_is_named(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(UsageError, match=re.escape(words)) as refused:
        exchange(tmp_path, text)

    assert "far_ends.toml" in refused.value.text


def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"gone\.toml"):
        Exchange.load([tmp_path / "gone.toml"])
