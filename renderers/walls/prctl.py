"""prctl(2): what a process says to the kernel about itself.

What lives here: the call, and the few words that need no more than it. What does not: filters (`seccomp`).
"""

import ctypes
import os
import signal

_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG
_DUMPABLE = 4  # PR_SET_DUMPABLE
_NAME = 15  # PR_SET_NAME
_NO_NEW_PRIVILEGES = 38  # PR_SET_NO_NEW_PRIVS

_call = ctypes.CDLL(None, use_errno=True).prctl
_call.argtypes = [ctypes.c_int, *[ctypes.c_ulong] * 4]


def prctl(option: int, *words: int) -> int:
    """Call it; returns what it returns.

    Raises:
        OSError: the kernel refuses, or does not know the option.
    """
    answer = int(_call(option, *words, *[0] * (4 - len(words))))
    if answer < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return answer


def die_with_parent() -> None:
    """Be killed when the thread that started us ends."""
    prctl(_DEATH_SIGNAL, signal.SIGKILL)


def keep_memory_private() -> None:
    """No core dump, and nobody of our user reads our memory; holds until another program is executed."""
    prctl(_DUMPABLE, 0)


def gain_no_privileges() -> None:
    """Nothing executed from here on has more rights than we; filters and rules of files want this first."""
    prctl(_NO_NEW_PRIVILEGES, 1)


def letters(name: str) -> ctypes.Array[ctypes.c_char]:
    """A name as `be_called` wants it; 15 octets of it."""
    return ctypes.create_string_buffer(name.encode()[:15])


def be_called(name: ctypes.Array[ctypes.c_char]) -> None:
    """What lists of processes show."""
    prctl(_NAME, ctypes.addressof(name))
