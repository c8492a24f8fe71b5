"""SPF by the letter: every vector, through our own look-ups, against a real DNS server."""

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.dns_server import Manner
from tests.spf_vectors import Scenario, Vector, read_scenarios, results

OWN = read_scenarios(Path(__file__).parents[1] / "vectors" / "spf" / "rfc7208.yml")
BESIDE = sorted(Path(__file__).parents[3].glob("shared/corpus/yml/*rfc7208-tests.yml"))
PUBLIC = os.environ.get("FAXGW_SPF_SUITE", str(BESIDE[0]) if BESIDE else "")


def wrong(scenarios: Sequence[Scenario], trouble: Manner = Manner.SERVFAIL) -> list[tuple[Vector, str]]:
    done = (result for scenario in scenarios for result in results(scenario, trouble))
    return [(vector, result) for vector, result in done if result not in vector.right]


@pytest.mark.parametrize("scenario", OWN, ids=[scenario.description for scenario in OWN])
def test_checks_come_to_what_rfc_7208_says(scenario: Scenario) -> None:
    assert wrong([scenario]) == []


def test_there_are_vectors_for_every_result() -> None:
    rights = {right for scenario in OWN for vector in scenario.vectors for right in vector.right}

    assert rights == {"pass", "fail", "softfail", "neutral", "none", "temperror", "permerror"}
    assert sum(len(scenario.vectors) for scenario in OWN) >= 160


def test_a_wrong_result_is_noticed() -> None:
    (first, *_) = OWN
    turned = [Vector(one.name, one.host, one.helo, one.mail_from, ("softfail",)) for one in first.vectors]

    found = wrong([Scenario(first.description, first.zones, first.silent, tuple(turned))])

    assert len(found) == len(turned)


@pytest.mark.skipif(
    not PUBLIC, reason="no rfc7208-tests.yml in a folder shared/ beside the project, and FAXGW_SPF_SUITE names none"
)
def test_the_public_suite_passes_but_for_one_at_most() -> None:
    scenarios = read_scenarios(Path(PUBLIC))

    assert sum(len(scenario.vectors) for scenario in scenarios) >= 203
    assert len(wrong(scenarios)) <= 1
