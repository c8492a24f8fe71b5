"""Reserved numbers: one for each thing that can answer, so that most endings can be had by sending a mail.

What lives here: the numbers built in, all in the range 555-01XX that no subscriber has. What does not: scenario files,
which may add numbers and replace these. The table is explained in `config/far_ends/README.md`.
"""

from dataclasses import dataclass, replace
from functools import partial

from gateway.fax.simulator.disturbances import Harm, Harmed
from gateway.fax.simulator.far_ends import FarEndPlan, Kind
from gateway.fax.simulator.line import Side
from gateway.fax.t30.capabilities import Capabilities, Flag, Lengths, Modems, ScanTime, Widths
from gateway.fax.t30.options import EVERYTHING

OLD_MACHINE = Capabilities(frozenset({Flag.RECEIVE}), Modems.V27, Widths.A4, Lengths.A4, ScanTime.MS20)
_NO_ECM = replace(EVERYTHING, flags=EVERYTHING.flags - {Flag.ECM, Flag.MMR})
_ALWAYS = 10**6


@dataclass(frozen=True, slots=True)
class Reserved:
    """A number's plans, dial by dial, and what is to be expected of it."""

    dials: tuple[FarEndPlan, ...]
    meaning: str


def _fax(*harms: partial[Harmed], capabilities: Capabilities = EVERYTHING) -> FarEndPlan:
    return FarEndPlan(Kind.FAX, capabilities=capabilities, disturbances=harms)


def _harm(harm: Harm, side: Side, name: str, *, first: int = 1, count: int = 1, after: str = "") -> partial[Harmed]:
    return partial(Harmed, harm, side, name, first=first, count=count, after=after)


_FAX = _fax()
RESERVED: dict[str, Reserved] = {
    "+12025550100": Reserved((_FAX,), "a fax machine"),
    "+12025550101": Reserved((FarEndPlan(Kind.BUSY),), "busy at every dial"),
    "+12025550102": Reserved((FarEndPlan(Kind.BUSY), _FAX), "busy at the first dial, then a fax machine"),
    "+12025550103": Reserved((FarEndPlan(Kind.NO_ANSWER),), "rings and nobody answers"),
    "+12025550104": Reserved((FarEndPlan(Kind.VOICE),), "a person answers"),
    "+12025550105": Reserved((FarEndPlan(Kind.REORDER),), "reorder tone (fast busy)"),
    "+12025550106": Reserved((FarEndPlan(Kind.SIT_VACANT),), "special information tones: vacant code"),
    "+12025550107": Reserved((FarEndPlan(Kind.DATA_MODEM),), "a data modem answers, not a fax"),
    "+12025550108": Reserved((_fax(capabilities=OLD_MACHINE),), "an old machine: 4800, MH, standard, no ECM"),
    "+12025550109": Reserved(
        (_fax(_harm(Harm.CUT, Side.CALLER, "training", first=3)), _FAX),
        "the line drops as the second page begins, at the first dial; then a fax machine",
    ),
    "+12025550110": Reserved(
        (_fax(_harm(Harm.LOSE, Side.FAR_END, "MCF", count=_ALWAYS, after="EOP")),),
        "a fax machine that has every page, but the answer to the last is lost",
    ),
    "+12025550111": Reserved(
        (_fax(_harm(Harm.SPOIL, Side.CALLER, "image", count=_ALWAYS)),),
        "a fax machine that no rate can be trained with",
    ),
    "+12025550112": Reserved((FarEndPlan(Kind.SILENCE),), "answers and stays silent"),
    "+12025550113": Reserved((FarEndPlan(Kind.SIT_INTERCEPT),), "special information tones: number changed"),
    "+12025550114": Reserved((FarEndPlan(Kind.SIT_NO_CIRCUIT),), "special information tones: no circuit"),
    "+12025550115": Reserved((FarEndPlan(Kind.UNALLOCATED),), "refused by the network: unallocated number"),
    "+12025550116": Reserved((_fax(capabilities=_NO_ECM),), "a fax machine without error correction"),
    "+12025550117": Reserved(
        (_fax(capabilities=replace(EVERYTHING, flags=EVERYTHING.flags - {Flag.RECEIVE})),),
        "a fax machine that cannot receive",
    ),
    "+12025550118": Reserved(
        (_fax(_harm(Harm.SPOIL, Side.CALLER, "FCD", count=_ALWAYS)),),
        "a fax machine that no frame of a page reaches sound",
    ),
}
