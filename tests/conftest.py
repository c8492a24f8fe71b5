"""What all tests share: how properties are tried, and which modules make check leaves out."""

import asyncio
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

import pytest
import uvloop
from hypothesis import settings

from tests import economy

economy.collect_no_garbage()
economy.keep_bytecode()
economy.read_with_one_thread()
economy.share_statements()
economy.hash_cheaply()
economy.leave_the_disk_alone()

# No deadline: a busy machine is no bug. The examples of a failure are printed, to be written down as a case.
settings.register_profile("faxgw", deadline=None, print_blob=True)
settings.load_profile("faxgw")

# Modules whose tests take seconds together, though none of them long: with them make check would take two minutes.
LONG = frozenset(
    (
        "test_admin_activity",
        "test_admin_administrators",
        "test_admin_bulk",
        "test_admin_covers",
        "test_admin_notice_templates",
        "test_admin_numbers",
        "test_admin_passwords",
        "test_admin_tree",
        "test_admin_tree_file",
        "test_admin_welcome",
        "test_app_walls",
        "test_archive",
        "test_archiving_keeping",
        "test_claims_left",
        "test_cli_admins",
        "test_cli_archive",
        "test_cli_blocks",
        "test_cli_completion",
        "test_cli_dates",
        "test_cli_documents",
        "test_cli_inbound",
        "test_cli_nodes",
        "test_cli_outbound",
        "test_cli_outbox",
        "test_cli_quarantine",
        "test_cli_refused",
        "test_cli_settings",
        "test_cli_simulate",
        "test_cli_tree",
        "test_cli_trunks",
        "test_cli_try_out",
        "test_covers",
        "test_delays",
        "test_domain_passwords",
        "test_exactly_once",
        "test_forward",
        "test_frozen",
        "test_hostile_mails",
        "test_kept_processes",
        "test_loop",
        "test_mail_canonical",
        "test_mail_listener",
        "test_mail_parse",
        "test_mail_proof_dns",
        "test_mail_proof_spf",
        "test_mail_proof_spf_vectors",
        "test_mail_received",
        "test_mail_smtp_tls",
        "test_notices",
        "test_notify",
        "test_postbag",
        "test_proof",
        "test_receive",
        "test_received_files",
        "test_received_mails",
        "test_refused",
        "test_remote_references",
        "test_render_alarm",
        "test_render_blocks",
        "test_render_confine",
        "test_render_forkable",
        "test_render_html",
        "test_render_html_width",
        "test_render_image",
        "test_render_office_pool",
        "test_render_office_worker",
        "test_render_pdf",
        "test_render_strokes",
        "test_render_tiff",
        "test_resend",
        "test_retain",
        "test_retain_received",
        "test_simulator_calls",
        "test_simulator_noise",
        "test_simulator_random_lines",
        "test_small_mails",
        "test_smtp_dialogues",
        "test_spandsp",
        "test_spoofing",
        "test_store_acceptance",
        "test_store_activity",
        "test_store_backup",
        "test_store_by_hand",
        "test_store_call_ends",
        "test_store_calls",
        "test_store_check",
        "test_store_covers",
        "test_store_database",
        "test_store_handback",
        "test_store_holds",
        "test_store_job_lists",
        "test_store_jobs",
        "test_store_known_tree",
        "test_store_migrate",
        "test_store_numbers",
        "test_store_quarantine",
        "test_store_settings",
        "test_store_shared_time",
        "test_store_signatures",
        "test_store_submissions",
        "test_store_sweep",
        "test_store_upgrade",
        "test_t30_dialogues",
        "test_t30_hostile",
        "test_t30_recovery",
        "test_t38_endpoint",
        "test_t38_random_calls",
        "test_t38_udptl",
        "test_t4_codec",
        "test_t4_fit",
        "test_tend",
        "test_tidy",
        "test_transmit",
        "test_wishes",
    )
)

# Folders whose every test is slow.
ALL_SLOW = frozenset(("crash", "e2e"))

# Modules whose tests that are given a store are run on both engines; single tests elsewhere ask for `engine`.
ON_BOTH_ENGINES = frozenset(
    (
        "test_store_backup",
        "test_store_check",
        "test_store_sweep",
        "test_keep",
        "test_nodes",
        "test_store_acceptance",
        "test_store_activity",
        "test_store_by_hand",
        "test_store_call_ends",
        "test_store_calls",
        "test_store_covers",
        "test_store_handback",
        "test_store_holds",
        "test_store_job_lists",
        "test_store_jobs",
        "test_store_known_tree",
        "test_store_numbers",
        "test_store_outbox",
        "test_store_processes",
        "test_store_quarantine",
        "test_store_races",
        "test_store_ready",
        "test_store_refusals",
        "test_store_shared_time",
        "test_store_signatures",
        "test_store_submissions",
        "test_store_tree",
        "test_store_trunks",
        "test_store_writer",
        "test_tend",
        "test_transmit",
        "test_wake",
    )
)
# Modules of what is said over sockets: in either loop that a daemon may run in.
IN_BOTH_LOOPS = frozenset(
    ("test_mail_listener", "test_mail_relay", "test_mail_relay_wire", "test_mail_smtp_tls", "test_smtp_dialogues")
)
LOOPS = MappingProxyType({"asyncio": asyncio.SelectorEventLoop, "uvloop": uvloop.new_event_loop})
ENGINES = ("sqlite", pytest.param("postgresql", marks=pytest.mark.slow))


@pytest.fixture
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Which engine the stores of this test are on; it comes before any store, since marks come before arguments."""
    chosen = str(getattr(request, "param", ENGINES[0]))
    monkeypatch.setenv("FAXGW_TEST_ENGINE", chosen)
    return chosen


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """One more than there are processors for what is slow: a third of its time goes by in waiting for daemons."""
    return len(os.sched_getaffinity(0)) + (not is_quick(config))


def is_quick(config: pytest.Config) -> bool:
    """Whether nothing slow is to be run."""
    return "not slow" in config.option.markexpr


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Modules of which no test would be run are not even imported: that takes a third of the time of all others."""
    slow = collection_path.stem in LONG or collection_path.name in ALL_SLOW
    return True if slow and is_quick(config) else None


def pytest_collectstart(collector: pytest.Collector) -> None:
    """Let all tests of a module that is to be run on both engines ask for one."""
    if isinstance(collector, pytest.Module) and collector.path.stem in ON_BOTH_ENGINES:
        collector.add_marker(pytest.mark.usefixtures("engine"))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run on both engines what is to be run on both and has a store."""
    with_store = {"db", "stage"} & set(metafunc.fixturenames)
    everywhere = metafunc.definition.path.stem not in ON_BOTH_ENGINES
    if metafunc.definition.get_closest_marker("one_engine"):
        return
    if "engine" in metafunc.fixturenames and (with_store or everywhere):
        metafunc.parametrize("engine", ENGINES, indirect=True)


def pytest_asyncio_loop_factories(item: pytest.Item) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The loops that a test is to be run in."""
    return LOOPS if item.path.stem in IN_BOTH_LOOPS else {"asyncio": LOOPS["asyncio"]}


def pytest_collection_finish() -> None:
    """Go on with garbage as ever."""
    economy.collected()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is in a long module as slow."""
    for item in items:
        if item.path.stem in LONG:
            item.add_marker(pytest.mark.slow)
