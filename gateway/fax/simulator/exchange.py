"""The exchange: which far end a number reaches at which dial.

What lives here: looking numbers up, and the scenario files that ship with the gateway. What does not: how often a
number was dialled (`received`), and the far ends.
"""

import random
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

from gateway.domain.errors import NotFoundError
from gateway.fax.simulator.plans import FarEndPlan, Kind
from gateway.fax.simulator.scenarios import Entry, Scenario, read_scenario

# config/far_ends in the source tree; an installed gateway has a copy of the files here.
SHIPPED = Path(__file__).with_name("shipped")
_NORTH_AMERICAN = re.compile(r"\+1(\d{3})(\d{3})(\d{4})")


@dataclass(frozen=True, slots=True)
class Listed:
    """One number as lists show it.

    `far_end` names what answers, dial by dial; `meaning` says it in words; `outcome` is what a fax to it comes to after
    all its calls, empty where the file does not say.
    """

    number: str
    far_end: str
    meaning: str
    outcome: str


@dataclass(frozen=True, slots=True)
class Exchange:
    """What answers each number; a number it does not know is a fax machine. All chance of its lines has one seed."""

    scenario: Scenario = field(default_factory=Scenario)
    seed: int = 0

    @classmethod
    def load(cls, scenario_files: Iterable[Path] = (), seed: int = 0) -> "Exchange":
        """The shipped files, then these in order; a later one replaces what an earlier says. Raises UsageError."""
        scenario = _shipped()
        for path in scenario_files:
            scenario = read_scenario(path, scenario)
        return cls(scenario, seed)

    def plan(self, number: str, dial: int) -> FarEndPlan:
        """What answers a dial, counted from zero; the last plan holds for all later dials.

        A fax machine that no scenario gave an identifier has its number as that.
        """
        entry = self.scenario.numbers.get(number) or Entry((FarEndPlan(),))
        plan = entry.dials[min(dial, len(entry.dials) - 1)]
        if plan.kind is not Kind.FAX or plan.options.station_id:
            return plan
        return replace(plan, options=replace(plan.options, station_id=_NORTH_AMERICAN.sub(r"+1 \1 \2 \3", number)))

    def far_end(self, name: str) -> FarEndPlan:
        """The far end of a name. Raises NotFoundError."""
        if name not in self.scenario.far_ends:
            known = ", ".join(sorted(self.scenario.far_ends))
            raise NotFoundError(f"there is no far end {name!r}; known: {known}")
        return self.scenario.far_ends[name]

    def chance(self, number: str, dial: int) -> random.Random:
        """The chance of one call's line: the same for the same seed, number and dial."""
        return random.Random(f"{self.seed} {number} {dial}")

    def listing(self) -> tuple[Listed, ...]:
        """The numbers that files name, in order."""
        return tuple(
            Listed(number, ", then ".join(plan.name for plan in entry.dials), entry.meaning, entry.outcome)
            for number, entry in sorted(self.scenario.numbers.items())
        )


@cache
def _shipped() -> Scenario:
    scenario = Scenario()
    for path in sorted(SHIPPED.glob("*.toml")):
        scenario = read_scenario(path, scenario)
    return scenario
