"""Scenario files: TOML that names lines and far ends, and says which of them answers a number, dial by dial.

What lives here: which keys there are and what they mean (format: `config/far_ends/README.md`). What does not: types of
values (`tables`), the plans themselves (`plans`).
"""

import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from functools import partial
from pathlib import Path
from types import MappingProxyType

from gateway.domain.errors import UsageError
from gateway.domain.outcome import Outcome
from gateway.fax.simulator.disturbances import Harm, Harmed
from gateway.fax.simulator.line import Side
from gateway.fax.simulator.noise import Noise
from gateway.fax.simulator.plans import FarEndPlan, Kind, LinePlan
from gateway.fax.simulator.tables import Table
from gateway.fax.t30.capabilities import Capabilities, Flag, Lengths, Modems, ScanTime, Widths
from gateway.fax.t30.frames import Fcf
from gateway.fax.t30.options import TerminalOptions

_NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")
_IDENTIFIER = re.compile(r"[0-9 +]{0,20}")
_FLAGS = {("receives" if flag is Flag.RECEIVE else flag.name.lower()): flag for flag in Flag}
_LINE_TIMES = tuple(each.name for each in fields(LinePlan) if each.name.endswith("_ms"))
_LINE_KEYS = {"like", "note", "frame_loss", *_LINE_TIMES, *(each.name for each in fields(Noise))}
_HARM_COUNTS = ("first", "count", "every", "from_ms")
_HARM_KEYS = {each.name for each in fields(Harmed) if each.init}
_OPTION_KEYS = ("station_id", "password", "busy_ms", "asks_operator", "asks_repetition", "nonstandard", "polls")
_SHAPE_KEYS = ("modems", "width", "length", "scan")
_PLAN_KEYS = ("kind", "line", "disturb", "rings", "speech_ms", "late_ms", "document")
_FAR_END_KEYS = {"like", "note", "plain", *_PLAN_KEYS, *_OPTION_KEYS, *_SHAPE_KEYS, *_FLAGS}
_NUMBER_KEYS = {"number", "note", "meaning", "outcome", "far_end", "dial"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One number: what answers each dial, the last plan all later ones; what it is for; what a fax to it comes to."""

    dials: tuple[FarEndPlan, ...]
    meaning: str = ""
    outcome: str = ""


@dataclass(frozen=True, slots=True)
class Scenario:
    """What some files say: lines and far ends by name, numbers."""

    lines: MappingProxyType[str, LinePlan] = field(default_factory=lambda: MappingProxyType({}))
    far_ends: MappingProxyType[str, FarEndPlan] = field(default_factory=lambda: MappingProxyType({}))
    numbers: MappingProxyType[str, Entry] = field(default_factory=lambda: MappingProxyType({}))


def read_scenario(path: Path, known: Scenario) -> Scenario:
    """What is known with what a file adds or replaces; the file may use the names known.

    Raises UsageError naming the file, the table and the key when something in it is unknown or wrong.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as fault:
        raise UsageError(f"{path}: cannot be read as TOML: {fault}") from fault
    top = Table(path, "", content)
    top.refuse_unknown({"line", "far_end", "number"})
    lines = dict(known.lines)
    for name, table in top.named_tables("line").items():
        lines[name] = _line(table, lines)
    far_ends = dict(known.far_ends)
    for name, table in top.named_tables("far_end").items():
        far_ends[name] = replace(_far_end(table, far_ends, lines), name=name)
    numbers = dict(known.numbers) | dict(_number(table, far_ends, lines) for table in top.tables("number"))
    return Scenario(MappingProxyType(lines), MappingProxyType(far_ends), MappingProxyType(numbers))


def _number(table: Table, far_ends: dict[str, FarEndPlan], lines: dict[str, LinePlan]) -> tuple[str, Entry]:
    number = table.text("number")
    table = replace(table, place=f"number {number}")
    table.refuse_unknown(_NUMBER_KEYS)
    if not _NUMBER.fullmatch(number):
        table.refuse(f"number = {number!r} is not a number in the form +12025550100")
    dials = [_named(table, name, far_ends, "far_end") for name in table.names("far_end")]
    dials += [_far_end(dial, far_ends, lines) for dial in table.tables("dial")]
    if not dials:
        table.refuse("has neither far_end nor [[number.dial]]: say what answers it")
    outcome = table.by_value("outcome", Outcome, Outcome.SUCCESS) if "outcome" in table else ""
    return number, Entry(tuple(dials), table.text("meaning"), str(outcome))


def _named(table: Table, name: str, far_ends: dict[str, FarEndPlan], key: str) -> FarEndPlan:
    if name not in far_ends:
        table.refuse(f"{key} = {name!r} is none of the far ends named before: {', '.join(sorted(far_ends))}")
    return far_ends[name]


def _line(table: Table, lines: dict[str, LinePlan]) -> LinePlan:
    """A line: what it is like, with the keys given changed."""
    table.refuse_unknown(_LINE_KEYS)
    base = _line_named(table, "like", lines) if "like" in table else LinePlan()
    noise = Noise(
        bit_error_rate=table.share("bit_error_rate", base.noise.bit_error_rate),
        burst_gap_ms=table.whole("burst_gap_ms", base.noise.burst_gap_ms),
        burst_ms=table.whole("burst_ms", base.noise.burst_ms),
        burst_error_rate=table.share("burst_error_rate", base.noise.burst_error_rate),
    )
    times = {key: table.whole(key, getattr(base, key)) for key in _LINE_TIMES}
    return replace(base, noise=noise, frame_loss=table.share("frame_loss", base.frame_loss), **times)


def _line_named(table: Table, key: str, lines: dict[str, LinePlan]) -> LinePlan:
    name = table.text(key)
    if name not in lines:
        table.refuse(f"{key} = {name!r} is none of the lines named before: {', '.join(sorted(lines))}")
    return lines[name]


def _far_end(table: Table, far_ends: dict[str, FarEndPlan], lines: dict[str, LinePlan]) -> FarEndPlan:
    """A far end: what it is like, with the keys given changed."""
    table.refuse_unknown(_FAR_END_KEYS)
    base = _named(table, table.text("like"), far_ends, "like") if "like" in table else FarEndPlan(name="")
    kind = table.by_value("kind", Kind, base.kind)
    document = table.path.parent / table.text("document") if "document" in table else base.document
    if document is not None and not document.is_file():
        table.refuse(f"document = {table.text('document')!r} must name a class F TIFF that is there")
    return replace(
        base,
        kind=kind,
        name=base.name or kind.value,
        line=_line_named(table, "line", lines) if "line" in table else base.line,
        disturbances=tuple(_harm(harm) for harm in table.tables("disturb")) or base.disturbances,
        rings=table.whole("rings", base.rings, least=1),
        options=_options(table, base.options),
        speech_ms=table.whole("speech_ms", base.speech_ms),
        late_ms=table.whole("late_ms", base.late_ms),
        document=document,
    )


def _options(table: Table, base: TerminalOptions) -> TerminalOptions:
    return replace(
        base,
        capabilities=_capabilities(table, base.capabilities),
        station_id=_identifier(table, "station_id", base.station_id),
        required_password=_identifier(table, "password", base.required_password),
        busy_ms=table.whole("busy_ms", base.busy_ms),
        asks_operator=table.truth("asks_operator", base.asks_operator),
        asks_repetition=table.truth("asks_repetition", base.asks_repetition),
        nonstandard=table.octets("nonstandard", base.nonstandard),
        poll=table.truth("polls", base.poll),
    )


def _identifier(table: Table, key: str, default: str) -> str:
    text = table.text(key, default)
    if not _IDENTIFIER.fullmatch(text):
        table.refuse(f"{key} = {text!r} must be at most 20 digits, spaces and plus")
    return text


def _capabilities(table: Table, base: Capabilities) -> Capabilities:
    """What the base offers, or when `plain` nothing but to receive; more or less what the scenario says."""
    before = {Flag.RECEIVE} if table.truth("plain", False) else base.flags
    flags = {flag for key, flag in _FLAGS.items() if table.truth(key, flag in before)}
    return Capabilities(
        frozenset(flags),
        table.by_name("modems", Modems, base.modems),
        table.by_name("width", Widths, base.widths),
        table.by_name("length", Lengths, base.lengths),
        table.by_name("scan", ScanTime, base.scan),
    )


def _harm(table: Table) -> Callable[[], Harmed]:
    """A maker, since each call needs its own count."""
    table.refuse_unknown(_HARM_KEYS)
    table.need("harm", "side", "name")
    into = table.text("into", Fcf.DCN.name)
    if into.replace("-", "_") not in Fcf.__members__:
        table.refuse(f"into = {into!r} is no frame of T.30")
    return partial(
        Harmed,
        table.by_value("harm", Harm, Harm.LOSE),
        table.by_value("side", Side, Side.CALLER),
        table.text("name"),
        after=table.text("after"),
        into=into,
        **{key: table.whole(key, 1) for key in _HARM_COUNTS if key in table},
    )
