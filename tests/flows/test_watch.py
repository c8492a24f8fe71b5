"""Watching a gateway: what is stuck is told once in the log and by mail, and the pages say what is so."""

import asyncio
import json
import shutil
from collections import namedtuple
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from http import HTTPStatus

import pytest
from prometheus_client.parser import text_string_to_metric_families

from gateway.domain.errors import UnavailableError
from gateway.domain.tally import Metric
from gateway.settings import Alarms, Http, Relay, Settings, Storage
from gateway.store import jobs, processes
from gateway.watch import readiness
from gateway.watch.alarm_round import Addressed, AlarmRound
from gateway.watch.answerer import Page
from gateway.watch.counts import Counts
from gateway.watch.sight import Lookout, thresholds
from gateway.watch.watch import Watch
from tests.fakes import SinkRelay
from tests.filled_store import WALL, killed, process
from tests.flows.letters import mail
from tests.flows.stage import VOICE, Stage, words

pytestmark = pytest.mark.slow
ADMIN = "admin@acme.example"
Usage = namedtuple("Usage", ["total", "used", "free"])
SETTINGS = Settings(alarms=Alarms(mail=ADMIN), http=Http(port=0))


def lookout(stage: Stage, settings: Settings = SETTINGS) -> Lookout:
    limits, lines = thresholds(settings), {"trunk": 4}
    clock = stage.clock.now
    return Lookout(stage.db, stage.folder, lines, limits, clock, lambda: stage.wall, lambda: (stage.process.id,))


def alarm_round(stage: Stage, *, mailed: bool = True) -> AlarmRound:
    addressed = Addressed(VOICE, ADMIN, timedelta(hours=1)) if mailed else None
    return AlarmRound(lookout(stage), "fax-1", ThreadPoolExecutor(1), addressed)


@pytest.fixture
async def watch(stage: Stage) -> AsyncIterator[Watch]:
    made = Watch(SETTINGS, lookout(stage), Counts(), listens=True)
    await made.start(made.health_of([], lambda: []))
    yield made
    await made.stop()


def told(page: Page) -> dict[str, object]:
    return json.loads(page.body)  # type: ignore[no-any-return]


async def test_a_job_that_is_stuck_is_told_once_in_the_log_and_by_mail(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    await stage.rendered(mail())
    watching = alarm_round(stage)
    before = len(stage.notices)

    for _ in range(4):
        stage.clock.pass_time(minutes=29)
        await watching.next()

    # The notice that the fax was accepted is stuck, too: nobody sends it here.
    raised = [(record.message, record.kind) for record in caplog.records if "alarm" in record.message]  # type: ignore[attr-defined]
    assert raised == [("alarm-raised", "job-late"), ("alarm-raised", "outbox-old")]
    letter, other = stage.notices[before:]
    assert letter["To"] == other["To"] == ADMIN
    assert "The fax gateway on fax-1 says: a job has been due for 87 min." in words(letter)


async def test_what_the_dead_left_before_we_began_is_no_alarm(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    killed(process(stage.db, stage.folder))
    stage.wall = WALL + timedelta(hours=1)
    processes.renew(stage.db, stage.process, stage.wall)
    watching = alarm_round(stage)

    await watching.next()
    await stage.keep().relieve()
    await watching.next()

    assert "alarm-raised" not in caplog.messages


async def test_what_is_stuck_no_longer_is_told_in_the_log(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "gateway")
    [job] = await stage.rendered(mail())
    watching = alarm_round(stage, mailed=False)
    await watching.next()
    stage.clock.pass_time(hours=2)
    await watching.next()

    jobs.cancel(stage.db, job.public_id, stage.clock.now(), stage.composer.after_end)
    await watching.next()

    over = [record.kind for record in caplog.records if record.message == "alarm-over"]  # type: ignore[attr-defined]
    assert over == ["job-late"]


async def test_a_full_disk_is_an_alarm_and_makes_us_not_ready(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: Usage(10**10, 10**10 - 10**7, 10**7))

    page = await watch.ready()

    assert page.status is HTTPStatus.SERVICE_UNAVAILABLE
    assert told(page)["facts"]["disk"] == {"ok": False, "needed": True, "detail": "0.0 GB free of 10.0"}  # type: ignore[index]
    assert told(page)["alarms"] == {"disk-low": "0.0 GB are free where faxes are kept"}


async def test_a_gateway_that_is_well_says_so_whatever_the_relay_does(stage: Stage) -> None:
    async with SinkRelay() as sink:
        settings = replace(SETTINGS, relay=Relay(port=sink.port))
        watch = Watch(settings, lookout(stage), Counts(), listens=True)
        page = await watch.ready()

    assert (page.status, told(page)["ready"], told(page)["alarms"]) == (HTTPStatus.OK, True, {})
    facts = told(page)["facts"]
    assert {name: fact["ok"] for name, fact in facts.items()} == dict.fromkeys(  # type: ignore[attr-defined]
        ("listener", "store", "disk", "lease", "lines", "relay"), True
    )


async def test_a_bucket_that_is_away_is_told_and_keeps_no_small_mail_away(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    place = Storage(folder=stage.folder, spool="s3://faxes", endpoint="http://127.0.0.1:9", region="us-east-1")
    page = await Watch(replace(SETTINGS, storage=place), lookout(stage), Counts(), listens=True).ready()

    assert page.status is HTTPStatus.OK
    assert told(page)["facts"]["bucket"] == {"ok": False, "needed": False, "detail": "cannot be read"}  # type: ignore[index]


async def test_a_bucket_that_answers_is_well_and_one_that_does_not_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def answer() -> None:
        return None

    monkeypatch.setattr(readiness, "GREETING_SECONDS", 0.01)

    assert (await readiness.bucket_fact(answer)).ok
    assert (await readiness.bucket_fact(asyncio.Event().wait)).detail == "no answer in 0 s"


async def test_who_stops_is_alive_and_not_ready(watch: Watch) -> None:
    assert (await watch.ready()).status is HTTPStatus.OK

    watch.stopping()

    page = await watch.ready()
    assert page.status is HTTPStatus.SERVICE_UNAVAILABLE
    assert told(page)["facts"]["listener"]["detail"] == "stopping"  # type: ignore[index]
    assert (await watch.health()).status is HTTPStatus.OK


async def test_a_process_that_was_given_up_is_not_ready(stage: Stage, watch: Watch) -> None:
    processes.leave(stage.db, stage.process)

    facts = told(await watch.ready())["facts"]

    assert facts["store"] == {"ok": False, "needed": True, "detail": "this process was given up for dead"}  # type: ignore[index]
    assert facts["lease"]["ok"] is False  # type: ignore[index]


async def test_a_store_that_is_out_of_reach_makes_us_not_ready_and_leaves_the_figures(
    stage: Stage, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(_work: object) -> None:
        raise UnavailableError("the store does not answer")

    monkeypatch.setattr(stage.db, "read", gone)
    monkeypatch.setattr(stage.db, "write", gone)
    watch.counts.tell(Metric.JOBS, 3)

    page = await watch.ready()
    figures = (await watch.metrics()).body.decode()

    assert page.status is HTTPStatus.SERVICE_UNAVAILABLE
    assert told(page)["facts"]["store"]["detail"] == "cannot be written"  # type: ignore[index]
    assert "\nfaxgw_jobs_accepted_total 3.0\n" in figures
    assert "\nfaxgw_store_readable 0.0\n" in figures


async def test_the_figures_are_of_the_store_and_of_what_was_counted(stage: Stage, watch: Watch) -> None:
    await stage.rendered(mail(), "+12025550101", "+12025550102")
    watch.counts.tell(Metric.CALLS, 1, "trunk", "Busy")

    page = await watch.metrics()

    families = text_string_to_metric_families(page.body.decode())
    figures = {(one.name, *sorted(one.labels.values())): one.value for family in families for one in family.samples}
    assert page.media_type.startswith("text/plain; version=0.0.4")
    assert figures["faxgw_jobs", "ready"] == 2
    assert figures["faxgw_calls_ended_total", "Busy", "trunk"] == 1
    assert figures["faxgw_trunk_lines_free", "trunk"] == 4


async def test_a_worker_that_does_not_move_is_told_and_systemd_hears_nothing(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr("gateway.watch.systemd.tell", said.append)
    await watch.keep_alive()
    await watch.start(watch.health_of([], lambda: ["tend"]))
    said.clear()

    await watch.keep_alive()

    page = await watch.health()
    assert (page.status, told(page)["troubles"]) == (HTTPStatus.SERVICE_UNAVAILABLE, ["tend has ended"])
    assert said == []
