"""Scenario files: TOML that says what answers a number, dial by dial.

What lives here: reading and checking the files (format: `config/far_ends/README.md`). What does not: the far ends
themselves (`far_ends`) and the numbers built in (`reserved`).
"""

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from enum import Enum
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from gateway.domain.errors import UsageError
from gateway.fax.simulator.disturbances import Harm, Harmed
from gateway.fax.simulator.far_ends import FarEndPlan, Kind
from gateway.fax.simulator.line import Side
from gateway.fax.t30.capabilities import Capabilities, Flag, Lengths, Modems, ScanTime, Widths
from gateway.fax.t30.options import EVERYTHING

Dials = tuple[FarEndPlan, ...]
_E = TypeVar("_E", bound=Enum)
_NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")
_FLAGS = {
    "receives": Flag.RECEIVE,
    "ecm": Flag.ECM,
    "mr": Flag.MR,
    "mmr": Flag.MMR,
    "fine": Flag.FINE,
    "superfine": Flag.SUPERFINE,
    "sub": Flag.SUB,
}
_CODED: dict[str, tuple[str, type[Enum]]] = {
    "modems": ("modems", Modems),
    "width": ("widths", Widths),
    "length": ("lengths", Lengths),
    "scan": ("scan", ScanTime),
}
_PLAIN = ("rings", "station_id")
_KNOWN = {"kind", "disturb", *_PLAIN, *_FLAGS, *_CODED}
_HARM_KEYS = {each.name for each in fields(Harmed) if each.init}


def read_scenarios(path: Path) -> dict[str, Dials]:
    """Numbers and what answers each of their dials; the last plan holds for all later dials.

    Raises UsageError naming the file and the key when something in it is unknown or wrong.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as fault:
        raise UsageError(f"{path}: cannot be read as TOML: {fault}") from fault
    _refuse_unknown(path, content, {"number"})
    return dict(_number(path, entry) for entry in content.get("number", []))


def _number(path: Path, entry: Mapping[str, Any]) -> tuple[str, Dials]:
    _refuse_unknown(path, entry, {"number", "note", "dial"})
    number = str(entry.get("number", ""))
    if not _NUMBER.fullmatch(number):
        raise UsageError(f"{path}: number = {number!r} is not a number in the form +12025550100")
    dials = tuple(_plan(path, dial) for dial in entry.get("dial", []))
    if not dials:
        raise UsageError(f"{path}: {number} has no [[number.dial]]: say what answers it")
    return number, dials


def _plan(path: Path, dial: Mapping[str, Any]) -> FarEndPlan:
    _refuse_unknown(path, dial, _KNOWN)
    kind = _one_of(path, Kind, "kind", dial.get("kind", "fax"))
    plain = {key: dial[key] for key in _PLAIN if key in dial}
    return FarEndPlan(
        kind,
        capabilities=_capabilities(path, dial),
        disturbances=tuple(_disturbance(path, harm) for harm in dial.get("disturb", [])),
        **plain,
    )


def _capabilities(path: Path, dial: Mapping[str, Any]) -> Capabilities:
    """Everything that our machine can do, less what the scenario takes away."""
    flags = set(EVERYTHING.flags)
    for key, flag in _FLAGS.items():
        if dial.get(key, flag in flags):
            flags.add(flag)
        else:
            flags.discard(flag)
    coded: dict[str, Any] = {
        name: _by_name(path, kind, key, dial[key]) for key, (name, kind) in _CODED.items() if key in dial
    }
    return replace(EVERYTHING, flags=frozenset(flags), **coded)


def _disturbance(path: Path, harm: Mapping[str, Any]) -> Callable[[], Harmed]:
    """A maker, since each call needs its own count."""
    _refuse_unknown(path, harm, _HARM_KEYS)
    missing = {"harm", "side", "name"} - set(harm)
    if missing:
        raise UsageError(f"{path}: disturb needs {', '.join(sorted(missing))}")
    kind = _one_of(path, Harm, "harm", harm["harm"])
    side = _one_of(path, Side, "side", harm["side"])
    counts = {key: int(harm[key]) for key in ("first", "count", "every") if key in harm}
    return partial(Harmed, kind, side, str(harm["name"]), after=str(harm.get("after", "")), **counts)


def _refuse_unknown(path: Path, table: Mapping[str, Any], known: set[str]) -> None:
    unknown = sorted(set(table) - known)
    if unknown:
        raise UsageError(f"{path}: unknown key {unknown[0]!r}; known: {', '.join(sorted(known))}")


def _one_of(path: Path, kind: type[_E], key: str, value: object) -> _E:
    try:
        return kind(value)
    except ValueError as fault:
        choices = ", ".join(str(each.value) for each in kind)
        raise UsageError(f"{path}: {key} = {value!r} is none of {choices}") from fault


def _by_name(path: Path, kind: type[_E], key: str, value: object) -> _E:
    if str(value) not in kind.__members__:
        raise UsageError(f"{path}: {key} = {value!r} is none of {', '.join(kind.__members__)}")
    return kind[str(value)]
