"""Where LibreOffice runs: a private folder with a profile that neither fetches nor runs macros, and its surroundings.

What lives here: finding the program and the Python that speaks with it, the profile, the command line, the
environment. What does not: running it (`cold`, `worker`).
"""

import contextlib
import hashlib
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

from renderers import tools

PACKAGES = "libreoffice-writer libreoffice-calc libreoffice-impress libreoffice-draw python3-uno"
RESTART = 81  # a fresh profile makes the program ask once to be started again
SYSTEM_PYTHON = Path("/usr/bin/python3")  # what Debian's python3-uno belongs to
_PROFILE = Path(__file__).parents[1] / "office.xcu"
_FONTS = Path(__file__).parents[1] / "office-fonts.conf"
_QUIET = ("--headless", "--invisible", "--norestore", "--nologo", "--nolockcheck", "--nodefault")
SOCKETS = (Path("/tmp"), Path("/var/tmp"))  # where LibreOffice itself puts them, whatever its surroundings say
_LONGEST_ROOM = 60  # a socket's path has 108 octets, and LibreOffice adds a name


def program() -> Path | None:
    """LibreOffice itself, without the shell script before it."""
    return tools.find("soffice.bin")


@cache
def python(soffice: Path) -> Path | None:
    """A Python that can `import uno`: the one LibreOffice brings, or the system's."""
    bundled = soffice.with_name("python")
    others = tools.find("python3")
    usual = (bundled, SYSTEM_PYTHON, *([others] if others else []))
    return next((path for path in usual if path.is_file() and _has_uno(path)), None)


def _has_uno(path: Path) -> bool:
    try:
        done = subprocess.run(
            [str(path), "-I", "-c", "import uno"],
            env={"PATH": os.defpath}, check=False, timeout=30, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def furnish(room: Path, soffice: Path) -> None:
    """Lay a fresh profile into an empty folder, marked as used by this build: else it starts, ends and starts again."""
    user = room / "profile" / "user"
    (user / "extensions").mkdir(parents=True)
    shutil.copy(_PROFILE, user / "registrymodifications.xcu")
    (user / "extensions" / "buildid").write_text(_build(soffice.with_name("versionrc")), "utf-8")


def _build(versions: Path) -> str:
    if not versions.is_file():
        return ""
    lines = (line.partition("=") for line in versions.read_text("utf-8", "replace").splitlines())
    return next((value.strip() for name, _, value in lines if name.strip().lower() == "buildid"), "")


def command(soffice: Path, room: Path) -> list[str | Path]:
    """The command line up to what is to be done."""
    return [soffice, f"-env:UserInstallation={(room / 'profile').as_uri()}", *_QUIET]


def surroundings(room: Path) -> dict[str, str]:
    """The whole environment: nothing of ours, no display, all files in `room`."""
    found = {
        "HOME": str(room), "TMPDIR": str(room), "PATH": os.defpath, "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8",
        "SAL_USE_VCLPLUGIN": "svp", "SAL_DISABLE_OPENCL": "1", "FONTCONFIG_FILE": str(_FONTS),
    }  # fmt: skip
    if len(str(room)) <= _LONGEST_ROOM:
        found["OSL_SOCKET_PATH"] = str(room)
    return found


def pipe_name(room: Path) -> str:
    """What the pipe to the LibreOffice in `room` is called; nobody else knows the room's name."""
    return hashlib.sha256(str(room).encode()).hexdigest()[:16]


def sockets(room: Path) -> list[Path]:
    """Where the sockets of the LibreOffice in `room` lie, as long as they have names: in one of these folders."""
    # Debian's LibreOffice: desktop/source/app/officeipcthread.cxx, CreateMD5FromString; sal/osl/unx/pipe.cxx.
    url = hashlib.md5((room / "profile").as_uri().encode("utf-16-le"), usedforsecurity=False).digest()
    names = (pipe_name(room), "SingleOfficeIPC_" + "".join(f"{octet:x}" for octet in url))
    return [Path(folder, f"OSL_PIPE_{os.getuid()}_{name}") for folder in (*SOCKETS, room) for name in names]


def forget_sockets(room: Path) -> None:
    """Remove their names, which it leaves behind when it is killed; connections go on without."""
    for path in sockets(room):
        with contextlib.suppress(OSError):
            path.unlink()
