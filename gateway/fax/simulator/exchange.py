"""The exchange: which far end a number reaches at which dial.

What lives here: looking a number up. What does not: how often it was dialled (`received`), and the far ends.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gateway.fax.simulator.far_ends import FarEndPlan
from gateway.fax.simulator.reserved import RESERVED
from gateway.fax.simulator.scenarios import Dials, read_scenarios


@dataclass(frozen=True, slots=True)
class Listed:
    """One number as lists show it: who answers, in words, and what a fax to it comes to after all its calls."""

    number: str
    far_end: str
    meaning: str
    outcome: str


@dataclass(frozen=True, slots=True)
class Exchange:
    """What answers each number; a number it does not know is a fax machine."""

    numbers: Mapping[str, Dials] = field(default_factory=dict)

    @classmethod
    def load(cls, scenario_files: Iterable[Path] = ()) -> "Exchange":
        """The reserved numbers, then the files in order, a later one replacing an earlier. Raises UsageError."""
        numbers: dict[str, Dials] = {number: reserved.dials for number, reserved in RESERVED.items()}
        for path in scenario_files:
            numbers |= read_scenarios(path)
        return cls(numbers)

    def plan(self, number: str, dial: int) -> FarEndPlan:
        """What answers a dial, counted from zero; the last plan holds for all later dials."""
        dials = self.numbers.get(number) or (FarEndPlan(station_id=number),)
        return dials[min(dial, len(dials) - 1)]

    def listing(self) -> tuple[Listed, ...]:
        """The numbers this exchange knows, in order."""
        return tuple(
            Listed(number, dials[-1].kind.value, RESERVED[number].meaning if number in RESERVED else "", "")
            for number, dials in sorted(self.numbers.items())
        )
