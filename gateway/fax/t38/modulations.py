"""Which numbers of T.38 stand for which modulation of the engine.

What lives here: the two tables. What does not: their use (`outgoing`, `incoming`).
"""

from gateway.fax.t30.signals import Modulation, Training
from gateway.fax.t38.packets import Carrier, Indicator

CARRIERS = {modulation: Carrier[modulation.name.removesuffix("_300")] for modulation in Modulation}
MODULATIONS = {carrier: modulation for modulation, carrier in CARRIERS.items()}


def _training(indicator: Indicator) -> Training | None:
    """V.17 has a long and a short training, the others have one; what needs V.34 or V.33 has none here."""
    name = indicator.name.removesuffix("_SHORT").removesuffix("_LONG")
    if name not in Modulation.__members__:
        return None
    return Training(Modulation[name], indicator.name.endswith("_SHORT"))


TRAININGS = {indicator: training for indicator in Indicator if (training := _training(indicator)) is not None}
INDICATORS = {training: indicator for indicator, training in TRAININGS.items()}
