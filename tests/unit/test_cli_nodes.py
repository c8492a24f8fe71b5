"""faxgw nodes list, and faxgw serve with roles and beside others."""

import json
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.app import build
from gateway.domain.errors import ConflictError, ExitCode
from gateway.domain.roles import parse_roles
from gateway.settings import Http, Settings, Smtp, Storage, load_settings
from gateway.store import processes
from gateway.store.processes import About
from gateway.store.shared_time import Wish
from tests.filled_store import TTL, killed
from tests.flows.commands import Commands
from tests.flows.stage import Stage, staged


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with staged(tmp_path) as found:
        yield found


@pytest.fixture
def faxgw(stage: Stage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Commands:
    commands = Commands(stage.folder, monkeypatch, capsys)
    commands.configure("")
    return commands


def living(stage: Stage, host: str, *, time: Wish | None = None, ago: float = 0) -> processes.Process:
    wall = datetime.now(UTC) - ago * TTL
    about = About("smtp prepare", "0.1.0", 4711, time)
    return processes.register(stage.db, host, TTL, wall, stage.folder / host, about)


def test_nodes_are_listed_with_what_is_left_of_their_leases(stage: Stage, faxgw: Commands) -> None:
    alive, over = living(stage, "fax-a"), living(stage, "fax-b", ago=2)

    rows = {row["host"]: row for row in json.loads(faxgw("nodes", "list", "-o", "json").out)}

    assert rows["fax-a"]["node"] == alive.id
    assert rows["fax-a"]["roles"] == ["smtp", "prepare"]
    assert rows["fax-a"]["lease"] in ("30 s", "29 s", "28 s")
    assert (rows["fax-b"]["lease"], rows["fax-b"]["version"], rows["fax-b"]["calls"]) == ("over", "0.1.0", 0)
    killed(alive)
    killed(over)


def test_who_was_killed_here_is_dead_at_once(stage: Stage, faxgw: Commands) -> None:
    here = socket.gethostname()
    locks = load_settings(faxgw.config).storage.folder / "locks"
    dead = processes.register(stage.db, here, TTL, datetime.now(UTC), locks)
    alive = processes.register(stage.db, here, TTL, datetime.now(UTC), locks)
    killed(dead)

    rows = {row["node"]: row["lease"] for row in json.loads(faxgw("nodes", "list", "-o", "json").out)}

    assert rows[dead.id] == "dead"
    assert rows[alive.id] != "dead"
    killed(alive)


def test_the_table_names_the_roles(stage: Stage, faxgw: Commands) -> None:
    alive = living(stage, "fax-a")

    assert "smtp, prepare" in faxgw("nodes", "list").out

    killed(alive)


def test_a_role_that_is_none_is_refused(faxgw: Commands) -> None:
    ran = faxgw("serve", "--roles", "smtp,fax")

    assert ran.code == ExitCode.USAGE
    assert "smtp, prepare, lines, mail, inbound" in ran.complaint


def test_a_second_node_is_refused_where_time_leaps(
    stage: Stage, faxgw: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    alive = living(stage, "fax-a", time=Wish(1.0))
    monkeypatch.setattr("gateway.app.YIELD_LOOKS", 0)

    with pytest.raises(ConflictError, match=f"node {alive.id} on fax-a .* set \\[simulator\\] speed") as refused:
        build(load_settings(faxgw.config))

    assert refused.value.exit_code is ExitCode.CONFLICT
    killed(alive)


@pytest.mark.parametrize(
    ("roles", "workers"),
    [
        (["smtp"], set()),
        (["prepare"], {"prepare-0", "prepare-1"}),
        (["lines"], {"transmit-0", "transmit-1", "transmit-2", "transmit-3", "note"}),
        (["inbound"], {f"call-in-{number}" for number in range(5)}),
        (["mail"], {*(f"notify-{number}" for number in range(4)), "forward-0", "archive-0", "archive-1"}),
    ],
)
async def test_each_role_has_its_workers_and_each_process_its_keepers(
    tmp_path: Path, roles: list[str], workers: set[str]
) -> None:
    settings = Settings(storage=Storage(folder=tmp_path), smtp=Smtp(port=0), http=Http(port=0))
    gateway = build(settings, parse_roles(roles))

    assert {worker.name for worker in gateway.crew.claiming} == workers
    assert {"lease", "heed", "relieve", "tend"} <= {worker.name for worker in gateway.crew.keeping}
    assert (gateway.doors is not None) == ("smtp" in roles)
    processes.leave(gateway.db, gateway.process)
    gateway.db.close()
