"""T.38 calls with options and networks by chance: they end, and success is said only of pages that are there."""

from pathlib import Path
from random import Random
from typing import Any

import pytest

from gateway.domain.call import Cause, Coding
from gateway.fax.t4.page import Bitmap
from gateway.fax.t38 import endpoint
from tests.fax_calls import noise_bitmap, text_bitmap
from tests.t38_line import Network, Weather, shown, stored

VERSIONS = [(0, 0), (1, 1), (2, 3), (None, 0), (None, 1), (0, None), (1, None), (None, None)]


def options(chance: Random) -> dict[str, Any]:
    return {
        "framing": "udptl",
        "packet_ms": chance.choice([10, 30, 60, 120]),
        "whole_frames": chance.random() < 0.3,
        "repeats": chance.choice([1, 3]),
        "redundancy": chance.choice([0, 1, (3, 1), 3]),
        "parity": chance.choice([None, None, (3, 2)]),
        "ecm": chance.random() < 0.7,
        "codings": chance.sample(["MH", "MR", "MMR"], chance.randrange(1, 4)),
        "modems": chance.choice([["V.17"], ["V.27ter"], ["V.27ter", "V.29"]]),
        "frame_octets": chance.choice([64, 256]),
        "min_scan_ms": chance.choice([0, 10, 40]),
    }


def document(chance: Random) -> list[Bitmap]:
    kinds = chance.choices([text_bitmap, noise_bitmap], k=chance.randrange(1, 4))
    return [kind(chance.randrange(9), rows=chance.choice([20, 100])) for kind in kinds]


def network(tiff: Path, chance: Random, weather: Weather) -> Network:
    calling, answering = chance.choice(VERSIONS)
    caller = endpoint.caller(tiff, version=calling, **options(chance))
    answerer = endpoint.answerer(tiff.with_name("received.tif"), version=answering, **options(chance))
    return Network((caller, answerer), weather, step_ms=chance.choice([10, 20, 50]))


@pytest.mark.parametrize("seed", range(16))
def test_on_a_good_network_every_page_arrives_whatever_the_ends_were_told(tmp_path: Path, seed: int) -> None:
    chance = Random(seed)
    pages = document(chance)
    weather = Weather(doubled=0.1, delay_ms=chance.choice([0, 100, 400]), jitter_ms=chance.choice([0, 40]), seed=seed)
    line = network(stored(tmp_path / "sent.tif", pages, chance.choice(list(Coding))), chance, weather)

    line.run()

    assert [end.report.cause for end in line.ends] == [Cause.DONE, Cause.DONE]
    assert shown(tmp_path / "received.tif") == pages


@pytest.mark.parametrize("seed", range(10))
def test_on_a_bad_network_no_page_is_confirmed_that_is_not_there(tmp_path: Path, seed: int) -> None:
    chance = Random(seed)
    pages = document(chance)
    weather = Weather(chance.choice([0.02, 0.1, 0.3]), 0.1, chance.choice([0, 400]), 150, seed)
    line = network(stored(tmp_path / "sent.tif", pages), chance, weather)

    line.run()

    calling, answering = (end.report for end in line.ends)
    received = shown(tmp_path / "received.tif")
    assert calling.pages_confirmed <= len(received) == answering.pages_confirmed
    if calling.ecm:
        assert received == pages[: len(received)]
    assert (calling.cause is Cause.DONE) == (calling.pages_confirmed == len(pages))
