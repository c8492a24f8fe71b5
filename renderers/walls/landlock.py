"""Rules of files: what may be read, what may be written, and nothing else (landlock(7), Linux 5.19 and later).

What lives here: the rules' calls, and the places of a system that programs need. What does not: system calls
(`seccomp`). A process inside also neither signals nor looks into processes outside.
"""

import ctypes
import os
import stat
import sys
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import NamedTuple

from renderers.walls.prctl import gain_no_privileges

LEAST_VERSION = 2  # before it, no file can be moved from one folder to another
_CREATE, _ADD, _RESTRICT = 444, 445, 446  # the same numbers on every architecture
_ASK_VERSION = 1
_BENEATH = 1  # LANDLOCK_RULE_PATH_BENEATH
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_FOLDER = 1, 2, 4, 8
_MAKE_DEVICES = 1 << 6 | 1 << 11
_SOCKETS_ALONE = 1 << 5 | 1 << 9  # make them, and remove files
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


class _Rule(NamedTuple):
    descriptor: int
    pointer: int
    beneath: _Beneath  # which it points to


@dataclass(frozen=True, slots=True)
class Places:
    """What may be read, and what may be written, too, beside the system's; pipes and links are made in `own` alone.

    In the folders of `sockets` there may be sockets, and nothing is read.
    """

    read: tuple[Path, ...] = ()
    written: tuple[Path, ...] = ()
    own: tuple[Path, ...] = ()
    sockets: tuple[Path, ...] = ()


@cache
def version() -> int:
    """The kernel's version of these rules; 0 without any."""
    return max(0, _call(_CREATE, None, 0, _ASK_VERSION))


@dataclass(slots=True)
class Ground:
    """What all may see: the system's places, kept open for many sets of rules, and opened anew when they change.

    What does not exist when a set is laid is not seen later either.
    """

    _rules: list[_Rule] = field(default_factory=list)
    _folders: tuple[str, ...] = ()
    _stamps: tuple[object, ...] = ()

    def lay(self) -> int:
        """A new set of rules with them in it, as a file descriptor; -1 where the kernel has none."""
        known = version()
        if known < LEAST_VERSION:
            return -1
        self._look(_every(known))
        wanted = _Ruleset(_every(known), _TCP if known >= 4 else 0, _SCOPES if known >= 6 else 0)
        size = ctypes.sizeof(wanted) if known >= 6 else 16 if known >= 4 else 8
        rules = _call(_CREATE, ctypes.byref(wanted), size, 0)
        if rules >= 0:
            for rule in self._rules:
                _add(_ADD, rules, _BENEATH, rule.pointer, 0)
        return rules

    def _look(self, every: int) -> None:
        """Open them, unless the folders they lie in are as they were: who replaces a file changes its folder."""
        if self._stamps and self._stamps == _stamps(self._folders):
            return
        self.close()
        paths = _plainest({Path(os.path.realpath(path)) for path in system()})
        around = {module.parent for module in _modules()}  # an import looks round first
        self._folders = tuple({str(path.parent) for path in (*system(), *paths, *around)})
        self._stamps = _stamps(self._folders)
        devices = [Path(device) for device in _DEVICES]
        self._rules = [
            *_opened(paths, _READ), *_opened(_plainest(around), _READ_FOLDER),
            *_opened(devices, (_READ | _WRITE_FILE | _DEVICE_CALLS) & every),
        ]  # fmt: skip

    def close(self) -> None:
        """Open nothing any more; sets that were laid stay."""
        for rule in self._rules:
            os.close(rule.descriptor)
        self._rules, self._stamps = [], ()


def enter(places: Places, rules: int | None = None) -> bool:
    """See nothing but `places` and the system's, for ever, as all we start; false where that cannot be.

    `rules` is a set that was laid for it, which is closed; without one, ground is laid. What does not exist yet is not
    seen later either.
    """
    rules = Ground().lay() if rules is None else rules
    if rules < 0:
        return False
    try:
        every = _every(version())
        _allow(rules, places.read, _READ)
        _allow(rules, places.written, every & ~(_EXECUTE | _MAKE_DEVICES | _MAKE_TRAPS))
        _allow(rules, places.own, every & ~(_EXECUTE | _MAKE_DEVICES))
        _allow(rules, places.sockets, every & _SOCKETS_ALONE)
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


def _every(known: int) -> int:
    return _ALL_BY_VERSION[min(known, max(_ALL_BY_VERSION))]


def _stamps(folders: Iterable[str]) -> tuple[object, ...]:
    return tuple(map(_stamp, folders))


def _stamp(folder: str) -> object:
    try:
        found = os.stat(folder)  # noqa: PTH116 - a Path takes ten times as long
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_mtime_ns


def _plainest(paths: Collection[Path]) -> list[Path]:
    """Those that do not lie in another."""
    return [path for path in paths if not any(above in paths for above in path.parents)]


def _allow(rules: int, paths: Iterable[Path], access: int) -> None:
    for rule in _opened(paths, access):
        _add(_ADD, rules, _BENEATH, rule.pointer, 0)
        os.close(rule.descriptor)


def _opened(paths: Iterable[Path], access: int) -> Iterator[_Rule]:
    """A rule for each that is there: what is not cannot be seen anyway."""
    for path in paths:
        try:
            descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except OSError:
            continue
        is_folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
        beneath = _Beneath(access if is_folder else access & _ON_FILES, descriptor)
        yield _Rule(descriptor, ctypes.addressof(beneath), beneath)


_syscall = ctypes.CDLL(None).syscall
_syscall.restype = ctypes.c_long
_add = ctypes.CDLL(None).syscall
_add.argtypes = [ctypes.c_long, ctypes.c_int, ctypes.c_int, ctypes.c_void_p, ctypes.c_uint]


def _call(number: int, *words: object) -> int:
    numbers = [ctypes.c_long(word) if isinstance(word, int) else word for word in words]
    return int(_syscall(ctypes.c_long(number), *numbers))
