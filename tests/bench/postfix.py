"""A Postfix of its own to be measured against; never part of the product, and never the machine's own mail server.

It listens on loopback, takes mail for one domain and keeps it in the hold queue, synced to disk before its 250, as it
does for any mail; nothing is delivered. Configuration, queue and data lie in one folder. It needs root, as Postfix
does.
"""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.processes import descendants, lives

REMEDY = "sudo apt-get install --no-install-recommends postfix, and run as root"
PATIENCE = 20  # seconds
_MAIN = """\
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
mail_owner = postfix
setgid_group = postdrop
inet_interfaces = loopback-only
inet_protocols = ipv4
myhostname = postfix.bench.example
mydestination = {domain}
local_recipient_maps =
alias_maps =
smtpd_recipient_restrictions = static:HOLD, permit_mynetworks, reject_unauth_destination
smtpd_peername_lookup = no
message_size_limit = 40000000
mailbox_size_limit = 0
default_process_limit = 100
smtpd_client_connection_count_limit = 0
smtpd_error_sleep_time = 0
in_flow_delay = 0
"""
_MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 3600 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
proxymap unix - - n - - proxymap
anvil unix - - n - 1 anvil
"""


def present() -> bool:
    """Whether Postfix and its load generator are there and we may start them."""
    return os.geteuid() == 0 and all(shutil.which(name) for name in ("postfix", "smtp-source"))


@contextmanager
def running(folder: Path, port: int, domain: str) -> Iterator[int]:
    """Postfix on a loopback port, its files in `folder`; the id of its first process."""
    _prepare(folder, port, domain)
    _postfix(folder, "start")
    pid = int((folder / "queue/pid/master.pid").read_text())
    try:
        yield pid
    finally:
        _end(pid)


def _prepare(folder: Path, port: int, domain: str) -> None:
    for name in ("conf", "queue", "data"):
        (folder / name).mkdir(parents=True)
    folder.chmod(0o755)  # its daemons run as the user postfix and come in by this way
    shutil.chown(folder / "data", "postfix")
    (folder / "conf/main.cf").write_text(_MAIN.format(folder=folder, domain=domain))
    (folder / "conf/master.cf").write_text(_MASTER.format(port=port))


def _postfix(folder: Path, *words: str) -> None:
    subprocess.run(["postfix", "-c", str(folder / "conf"), *words], check=True, capture_output=True, timeout=PATIENCE)


def _end(pid: int) -> None:
    """It takes its children with it."""
    family = [pid, *descendants(pid)]
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + PATIENCE
    while any(lives(one) for one in family) and time.monotonic() < deadline:
        time.sleep(0.05)
