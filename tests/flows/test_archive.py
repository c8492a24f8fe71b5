"""Copies of faxes in archives on real servers: made once, whole, named well; tried again, given up, told."""

import logging
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.domain.archive import TransferState
from gateway.flows.archive import Archive
from gateway.mail.relay import Relay, RelaySettings
from gateway.store import archive_lists, tree
from gateway.store.archive_lists import Transfer
from tests.archive_servers import House, archive_house
from tests.fakes import SinkRelay
from tests.flows.letters import mail
from tests.flows.stage import DONE, VOICE, ScriptedTransport, Stage

NUMBER = "+12025550100"


@pytest.fixture
def house() -> Iterator[House]:
    with archive_house() as found:
        yield found


def wants(stage: Stage, place: str, **settings: str) -> None:
    """Acme wants copies there."""
    values = {"enabled": "on", "destination": place, "name": "generated", **settings}
    for name, value in values.items():
        tree.set_setting(stage.db, "Acme", f"archive.{name}", value)


async def sent(stage: Stage, **given: str) -> None:
    await stage.rendered(mail(**given), NUMBER)
    assert await stage.transmit(stage.simulator()).next()


def archive(stage: Stage, house: House, port: int = 9) -> Archive:
    relay = Relay(RelaySettings("127.0.0.1", port, timeout=10))
    return Archive(
        stage.db, stage.spool, stage.clock, house.carrier, relay, VOICE, stage.process.id, stage.work,
        chance=lambda: 0.5,
    )  # fmt: skip


def transfers(stage: Stage) -> list[Transfer]:
    return list(archive_lists.listing(stage.db))


async def test_a_fax_that_was_sent_is_copied_to_a_folder_of_an_ftp_server(stage: Stage, house: House) -> None:
    server = house.ftp()
    house.login(server.place())
    wants(stage, server.place())
    await sent(stage)

    assert await archive(stage, house).next()

    [name] = server.names
    print(name, stage.detail.events[-1], transfers(stage))
