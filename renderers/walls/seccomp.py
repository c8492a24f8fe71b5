"""Filters of system calls: no network, and none of the calls by which processes break out or stay behind.

What lives here: which calls are refused, and their filter as libseccomp compiles it (seccomp(2), libseccomp 2.5). What
does not: files (`landlock`). A refused call fails with EPERM, so that programs that merely ask go on.
"""

import ctypes
import errno
import os
import socket
from collections.abc import Iterator
from enum import Enum
from functools import cache
from typing import Any

from renderers.walls.prctl import gain_no_privileges, prctl

LIBRARY = "libseccomp.so.2"
_SET_SECCOMP, _MODE_FILTER = 22, 2  # PR_SET_SECCOMP
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000  # SCMP_ACT_*
_OPTIMIZE = 8  # SCMP_FLTATR_CTL_OPTIMIZE; 2 makes a binary tree
_NOT_EQUAL, _EQUAL_UNDER_MASK = 1, 7  # SCMP_CMP_*
_WORD = 0xFFFFFFFF

_BREAKING_OUT = (
    "ptrace", "process_vm_readv", "process_vm_writev", "pidfd_getfd", "kcmp", "io_uring_setup",
    "io_uring_enter", "io_uring_register", "bpf", "perf_event_open", "userfaultfd", "keyctl", "add_key",
    "request_key", "mount", "umount", "umount2", "pivot_root", "chroot", "move_mount", "open_tree",
    "open_tree_attr", "fsopen", "fsconfig", "fsmount", "fspick", "mount_setattr", "unshare", "setns",
    "open_by_handle_at", "name_to_handle_at", "fanotify_init", "personality", "init_module", "finit_module",
    "delete_module", "kexec_load", "kexec_file_load", "reboot", "swapon", "swapoff", "acct", "quotactl", "iopl",
    "ioperm", "syslog", "settimeofday", "clock_settime", "clock_adjtime", "adjtimex", "sethostname",
    "setdomainname", "vhangup", "move_pages", "migrate_pages",
)  # fmt: skip
_STAYING_BEHIND = ("shmget", "msgget", "semget", "mq_open")
_LEAVING_THE_GROUP = ("setsid", "setpgid")  # whose killing is to end them all
_SPACES = (0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000)  # CLONE_NEW*
_TYPE_TERMINALS = (0x5412, 0x541C)  # TIOCSTI, TIOCLINUX
_SOCK_TYPE = 0xF


class Filter(Enum):
    """How narrow: OFFLINE speaks by Unix sockets and leads groups of processes; CLOSED calls nobody at all."""

    OFFLINE = "offline"
    CLOSED = "closed"


class _Comparison(ctypes.Structure):
    _fields_ = (
        ("argument", ctypes.c_uint), ("how", ctypes.c_int), ("first", ctypes.c_uint64), ("second", ctypes.c_uint64),
    )  # fmt: skip


class _Program(ctypes.Structure):
    _fields_ = (("count", ctypes.c_ushort), ("rows", ctypes.c_char_p))  # struct sock_fprog


_Rule = tuple[str, int, tuple[tuple[int, int, int, int], ...]]  # call, error, comparisons of which all must hold


def available() -> bool:
    """Whether library and kernel are there for it; asking changes nothing."""
    if program(Filter.CLOSED) is None:
        return False
    try:
        prctl(_SET_SECCOMP, _MODE_FILTER, 0)
    except OSError as error:
        return error.errno in {errno.EFAULT, errno.EACCES}  # it read our (missing) filter, or wanted privileges first
    return False


def enter(chosen: Filter) -> bool:
    """Refuse those calls to this process and all it starts, for ever; false where that cannot be."""
    rows = program(chosen)
    if rows is None:
        return False
    filter_ = _Program(len(rows) // 8, rows)
    gain_no_privileges()
    try:
        prctl(_SET_SECCOMP, _MODE_FILTER, ctypes.addressof(filter_))
    except OSError:
        return False
    return True


@cache
def program(chosen: Filter) -> bytes | None:
    """The filter in BPF, for this machine's architecture; none without libseccomp."""
    try:
        library = ctypes.CDLL(LIBRARY)
    except OSError:
        return None
    library.seccomp_init.restype = ctypes.c_void_p
    context = ctypes.c_void_p(library.seccomp_init(ctypes.c_uint32(_ALLOW)))
    try:
        library.seccomp_attr_set(context, _OPTIMIZE, ctypes.c_uint32(2))
        for rule in _rules(chosen):
            _add(library, context, rule)
        return _compiled(library, context)
    finally:
        library.seccomp_release(context)


def _rules(chosen: Filter) -> Iterator[_Rule]:
    for call in ("socket", "socketpair"):
        yield call, errno.EACCES, ((0, _NOT_EQUAL, socket.AF_UNIX, 0),)
    for call in (*_BREAKING_OUT, *_STAYING_BEHIND):
        yield call, errno.EPERM, ()
    for space in _SPACES:
        yield "clone", errno.EPERM, ((0, _EQUAL_UNDER_MASK, space, space),)
    yield "clone3", errno.ENOSYS, ()  # its flags lie in memory, where no filter looks; libraries then use clone
    for typing in _TYPE_TERMINALS:
        yield "ioctl", errno.EPERM, ((1, _EQUAL_UNDER_MASK, _WORD, typing),)
    if chosen is Filter.CLOSED:
        yield from _closing()


def _closing() -> Iterator[_Rule]:
    """Unix sockets lead to name services, buses and logs: none is called, with or without a connection."""
    yield "connect", errno.EACCES, ()
    for call in ("socket", "socketpair"):
        for kind in (socket.SOCK_DGRAM, socket.SOCK_RAW):
            yield call, errno.EACCES, ((1, _EQUAL_UNDER_MASK, _SOCK_TYPE, int(kind)),)
    for call in _LEAVING_THE_GROUP:
        yield call, errno.EPERM, ()


def _add(library: Any, context: ctypes.c_void_p, rule: _Rule) -> None:
    """Add a rule; a call that the library or the architecture does not have needs none."""
    name, error, comparisons = rule
    number = library.seccomp_syscall_resolve_name(name.encode())
    if number < 0:
        return
    rows = (_Comparison * len(comparisons))(*(_Comparison(*one) for one in comparisons))
    code = library.seccomp_rule_add_array(context, ctypes.c_uint32(_ERRNO | error), number, len(comparisons), rows)
    if code:
        raise OSError(-code, f"{name}: {os.strerror(-code)}")


def _compiled(library: Any, context: ctypes.c_void_p) -> bytes:
    memory = os.memfd_create("filter")
    try:
        code = library.seccomp_export_bpf(context, memory)
        if code:
            raise OSError(-code, os.strerror(-code))
        os.lseek(memory, 0, os.SEEK_SET)
        return os.read(memory, 1 << 20)
    finally:
        os.close(memory)
