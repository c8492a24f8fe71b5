"""What `make demo` does, as a test: real mails through real sockets, to the end that each should come to."""

import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.office
def test_the_demo_comes_out_as_it_should(tmp_path: Path, soffice: str) -> None:  # noqa: ARG001 - skips without it
    command = [sys.executable, str(TOP / "samples" / "demo.py"), "--folder", str(tmp_path / "demo")]

    done = subprocess.run(command, cwd=TOP, capture_output=True, text=True, timeout=400, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "all as it should be" in done.stderr
    assert len(list((tmp_path / "demo" / "sent").glob("*.tif"))) == 5
    assert len(list((tmp_path / "demo" / "notices").glob("*.eml"))) == 9
    log = (tmp_path / "demo" / "daemon.log").read_text()
    assert "Quiet Harbor" not in log  # a subject
    assert "+12025550123" not in log
    assert "amelia.ross" not in log
