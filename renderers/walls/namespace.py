"""A network of one's own with nothing in it: where no filter of system calls is to be had.

What lives here: leaving for it (unshare(2), user_namespaces(7)). What does not: when (`warm`).
"""

import ctypes
import os
from pathlib import Path

_NEW_USER, _NEW_NETWORK = 0x10000000, 0x40000000  # CLONE_NEW*


def leave_network() -> bool:
    """Move this process, which must have one thread, and all it starts where there is no network.

    False where the system does not let us.
    """
    user, group = os.geteuid(), os.getegid()
    if ctypes.CDLL(None).unshare(_NEW_USER | _NEW_NETWORK) != 0:
        return False
    own = Path("/proc/self")
    (own / "setgroups").write_text("deny", "ascii")
    (own / "uid_map").write_text(f"{user} {user} 1", "ascii")
    (own / "gid_map").write_text(f"{group} {group} 1", "ascii")
    return True
