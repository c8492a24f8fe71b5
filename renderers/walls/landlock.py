"""Rules of files: what may be read, what may be written, and nothing else (landlock(7), Linux 5.19 and later).

What lives here: the rules' calls, and the places of a system that programs need. What does not: system calls
(`seccomp`). A process inside also neither signals nor looks into processes outside.
"""

import ctypes
import os
import stat
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from renderers.walls.prctl import gain_no_privileges

LEAST_VERSION = 2  # before it, no file can be moved from one folder to another
_CREATE, _ADD, _RESTRICT = 444, 445, 446  # the same numbers on every architecture
_ASK_VERSION = 1
_BENEATH = 1  # LANDLOCK_RULE_PATH_BENEATH
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_FOLDER = 1, 2, 4, 8
_MAKE_DEVICES = 1 << 6 | 1 << 11
_MAKE_TRAPS = 1 << 9 | 1 << 10 | 1 << 12  # sockets, pipes, links: for whoever opens what was made
_TRUNCATE, _DEVICE_CALLS = 1 << 14, 1 << 15
_READ = _EXECUTE | _READ_FILE | _READ_FOLDER
_ALL_BY_VERSION = {2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1, 5: (1 << 16) - 1}
_ON_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _DEVICE_CALLS
_TCP = 3  # bind and connect, of version 4
_SCOPES = 3  # abstract sockets and signals, of version 6

# What a program of the system needs to start, to find fonts, to tell the time.
_SYSTEM = (
    "/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/opt", "/nix/store", "/proc", "/sys/devices/system",
    "/sys/fs/cgroup", "/etc/fonts", "/etc/ld.so.cache", "/etc/localtime", "/etc/timezone", "/etc/passwd", "/etc/group",
    "/etc/nsswitch.conf", "/etc/alternatives", "/etc/libreoffice", "/etc/mime.types", "/etc/papersize",
    "/etc/locale.alias", "/var/cache/fontconfig", "/var/lib/libreoffice", "/var/spool/libreoffice",
)  # fmt: skip
_FONTS_OF_USER = (".fonts", ".fonts.conf", ".config/fontconfig", ".local/share/fonts", ".cache/fontconfig")
_DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")


class _Ruleset(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scopes", ctypes.c_uint64))


class _Beneath(ctypes.Structure):
    _fields_ = (("access", ctypes.c_uint64), ("parent", ctypes.c_int32))


@dataclass(frozen=True, slots=True)
class Places:
    """What may be read, and what may be written, too, beside the system's; pipes and links are made in `own` alone."""

    read: tuple[Path, ...] = ()
    written: tuple[Path, ...] = ()
    own: tuple[Path, ...] = ()


def version() -> int:
    """The kernel's version of these rules; 0 without any."""
    return max(0, _call(_CREATE, None, 0, _ASK_VERSION))


def enter(places: Places) -> bool:
    """See nothing but `places` and the system's programs, for ever, as all we start; false where that cannot be.

    What does not exist yet is not seen later either.
    """
    known = version()
    if known < LEAST_VERSION:
        return False
    every = _ALL_BY_VERSION[min(known, max(_ALL_BY_VERSION))]
    wanted = _Ruleset(every, _TCP if known >= 4 else 0, _SCOPES if known >= 6 else 0)
    size = ctypes.sizeof(wanted) if known >= 6 else 16 if known >= 4 else 8
    rules = _call(_CREATE, ctypes.byref(wanted), size, 0)
    if rules < 0:
        return False
    try:
        _allow(rules, (*system(), *places.read), _READ)
        _allow(rules, {module.parent for module in _modules()}, _READ_FOLDER)  # an import looks round first
        _allow(rules, [Path(device) for device in _DEVICES], (_READ | _WRITE_FILE | _DEVICE_CALLS) & every)
        _allow(rules, places.written, every & ~(_EXECUTE | _MAKE_DEVICES | _MAKE_TRAPS))
        _allow(rules, places.own, every & ~(_EXECUTE | _MAKE_DEVICES))
        gain_no_privileges()
        return _call(_RESTRICT, rules, 0) == 0
    finally:
        os.close(rules)


@cache
def system() -> tuple[Path, ...]:
    """Programs, libraries, fonts, this Python, and what it has loaded from elsewhere; worked out when first asked."""
    home = Path(os.environ.get("HOME", "/"))
    pythons = (Path(sys.prefix), Path(sys.base_prefix))
    return (*map(Path, _SYSTEM), *pythons, *_modules(), *(home / fonts for fonts in _FONTS_OF_USER))


@cache
def _modules() -> frozenset[Path]:
    """Packages and modules loaded from outside of Python's own folders."""
    found = set()
    for name, module in tuple(sys.modules.items()):
        file = getattr(module, "__file__", None) if "." not in name else None
        if file and not file.startswith((sys.prefix, sys.base_prefix)):
            found.add(Path(file).parent if Path(file).stem == "__init__" else Path(file))
    return frozenset(found)


def _allow(rules: int, paths: Iterable[Path], access: int) -> None:
    for path in paths:
        try:
            opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except OSError:
            continue  # what is not there cannot be seen anyway
        try:
            is_folder = stat.S_ISDIR(os.fstat(opened).st_mode)
            rule = _Beneath(access if is_folder else access & _ON_FILES, opened)
            _call(_ADD, rules, _BENEATH, ctypes.byref(rule), 0)
        finally:
            os.close(opened)


_syscall = ctypes.CDLL(None, use_errno=True).syscall
_syscall.restype = ctypes.c_long


def _call(number: int, *words: object) -> int:
    numbers = [ctypes.c_long(word) if isinstance(word, int) else word for word in words]
    return int(_syscall(ctypes.c_long(number), *numbers))
