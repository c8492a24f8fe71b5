"""A listener in LibreOffice's stead, as a process: the document's words tell it what to do."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

from renderers.libreoffice import messages

TOP = Path(__file__).parents[1]
RUN = "import sys; sys.path.append(sys.argv[1]); from tests import office_listener; office_listener.main()"


def command(_room: Path) -> list[str]:
    """What starts it."""
    return [sys.executable, "-c", RUN, str(TOP)]


def main() -> None:
    line = socket.socket(fileno=os.dup(0))
    messages.send(line, {"ready": os.getpid()})
    while True:
        order = messages.receive_order(line)
        messages.send_answer(line, messages.Answer(messages.Ended(do(line, order.source, order.target))))


def do(line: socket.socket, source: str, target: str) -> str:
    """The deed that the source asks for; what it comes to."""
    deed = Path(source).read_text()
    if deed == "die":
        os.kill(os.getpid(), 9)
    if deed.startswith("die once ") and not Path(deed.removeprefix("die once ")).exists():
        Path(deed.removeprefix("die once ")).touch()
        os.kill(os.getpid(), 9)
    if deed == "hang":
        time.sleep(600)
    if deed == "babble":
        line.sendall(b"\0\0\0\7no JSON")
    if deed == "chatter":
        line.sendall(b"\xff\xff\xff\xff")
    made = b"%PDF-"
    if deed == "fork":
        made = str(subprocess.Popen(["/bin/sleep", "600"]).pid).encode()
    Path(target).write_bytes(made)
    return {"refuse": "refused", "lock": "locked"}.get(deed, "made")
