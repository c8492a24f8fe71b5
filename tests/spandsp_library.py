"""libspandsp 0.0.6 through ctypes: the functions of its T.38 terminal that tests call, and its numbers by name.

What lives here: declarations, as the headers t38_terminal.h, t38_core.h, t30.h and t30_api.h give them. What does not:
a call (`spandsp_peer`). Only Debian's runtime package libspandsp2 is needed.
"""

import ctypes
from ctypes import c_char_p, c_int, c_uint16, c_void_p
from enum import IntEnum, IntFlag
from functools import cache

SONAME = "libspandsp.so.2"
PACKAGE = "libspandsp2"

# int (*)(t38_core_state_t *, void *user_data, const uint8_t *buf, int len, int count)
SendPacket = ctypes.CFUNCTYPE(c_int, c_void_p, c_void_p, c_void_p, c_int, c_int)
# void (*)(t30_state_t *, void *user_data, int completion_code)
CallEnded = ctypes.CFUNCTYPE(None, c_void_p, c_void_p, c_int)
# int (*)(t30_state_t *, void *user_data, int result)
PhasePassed = ctypes.CFUNCTYPE(c_int, c_void_p, c_void_p, c_int)


class Modem(IntFlag):
    """T30_SUPPORT_V…"""

    V27TER = 0x01
    V29 = 0x02
    V17 = 0x04


class Compression(IntFlag):
    """T30_SUPPORT_…_COMPRESSION."""

    MH = 0x02
    MR = 0x04
    MMR = 0x08


class Density(IntFlag):
    """T30_SUPPORT_…_RESOLUTION, down and across."""

    STANDARD = 0x01
    FINE = 0x02
    SUPERFINE = 0x04
    R8 = 0x20000
    R16 = 0x40000
    DPI_300 = 0x100000
    DPI_400 = 0x200000


class Size(IntFlag):
    """T30_SUPPORT_…_WIDTH and …_LENGTH."""

    A4_WIDTH = 0x01
    B4_WIDTH = 0x02
    A3_WIDTH = 0x04
    UNLIMITED = 0x10000
    A4_LENGTH = 0x20000
    B4_LENGTH = 0x40000
    LETTER = 0x80000
    LEGAL = 0x100000


class Feature(IntFlag):
    """T30_SUPPORT_IDENTIFICATION (SID, PWD) and the like."""

    IDENTIFICATION = 0x01
    SELECTIVE_POLLING = 0x02
    POLLED_SUB_ADDRESS = 0x04
    SUB_ADDRESS = 0x10


class Completion(IntEnum):
    """T30_ERR_…: the completion codes that tests name; the others stay numbers."""

    OK = 0
    T1_EXPIRED = 3
    CANNOT_TRAIN = 6
    RX_INCAPABLE = 9
    NO_RESOLUTION = 11
    NO_SIZE = 12
    DCN_AFTER_PAGE = 15
    RETRIES = 48
    CALL_DROPPED = 49


class Statistics(ctypes.Structure):
    """t30_stats_t, ints all."""

    _fields_ = [
        (name, c_int)
        for name in (
            "bit_rate", "error_correcting_mode", "pages_tx", "pages_rx", "pages_in_file", "x_resolution",
            "y_resolution", "width", "length", "image_size", "encoding", "bad_rows", "longest_bad_row_run",
            "error_correcting_mode_retries", "current_status",
        )
    ]  # fmt: skip


_SPARE_INTS = 16  # other builds of the library write two more fields at the end: let them not write over ours

_TEXT_SETTERS = ("ident", "sub_address", "sender_ident", "password", "selective_polling_address", "polled_sub_address")
_NUMBER_SETTERS = (
    "ecm_capability", "rx_encoding", "minimum_scan_line_time", "supported_modems", "supported_compressions",
    "supported_resolutions", "supported_image_sizes", "supported_t30_features", "receiver_not_ready",
)  # fmt: skip


@cache
def load() -> ctypes.CDLL:
    """The library, its functions declared. Raises OSError when it is not there."""
    library = ctypes.CDLL(SONAME)
    _declare_terminal(library)
    _declare_t30(library)
    return library


def present() -> bool:
    """Whether the library is on this machine."""
    try:
        load()
    except OSError:
        return False
    return True


def statistics(library: ctypes.CDLL, t30: int) -> Statistics:
    """The facts of the transfer so far."""
    room = ctypes.create_string_buffer(ctypes.sizeof(Statistics) + 4 * _SPARE_INTS)
    library.t30_get_transfer_statistics(t30, ctypes.cast(room, c_void_p))
    return Statistics.from_buffer_copy(room)


def _declare_terminal(library: ctypes.CDLL) -> None:
    for name, result, arguments in (
        ("t38_terminal_init", c_void_p, [c_void_p, c_int, SendPacket, c_void_p]),
        ("t38_terminal_send_timeout", c_int, [c_void_p, c_int]),
        ("t38_terminal_get_t30_state", c_void_p, [c_void_p]),
        ("t38_terminal_get_t38_core_state", c_void_p, [c_void_p]),
        ("t38_terminal_get_logging_state", c_void_p, [c_void_p]),
        ("t38_terminal_free", c_int, [c_void_p]),
        ("t38_core_get_logging_state", c_void_p, [c_void_p]),
        ("t38_core_rx_ifp_packet", c_int, [c_void_p, c_char_p, c_int, c_uint16]),
        ("t38_set_t38_version", None, [c_void_p, c_int]),
        ("span_log_set_level", c_int, [c_void_p, c_int]),
    ):
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments


def _declare_t30(library: ctypes.CDLL) -> None:
    for name, result, arguments in (
        ("t30_set_tx_file", None, [c_void_p, c_char_p, c_int, c_int]),
        ("t30_set_rx_file", None, [c_void_p, c_char_p, c_int]),
        ("t30_set_phase_e_handler", None, [c_void_p, CallEnded, c_void_p]),
        ("t30_set_phase_d_handler", None, [c_void_p, PhasePassed, c_void_p]),
        ("t30_get_transfer_statistics", None, [c_void_p, c_void_p]),
        ("t30_get_logging_state", c_void_p, [c_void_p]),
        ("t30_terminate", None, [c_void_p]),
        *((f"t30_set_tx_{text}", c_int, [c_void_p, c_char_p]) for text in _TEXT_SETTERS),
        *((f"t30_get_rx_{text}", c_char_p, [c_void_p]) for text in _TEXT_SETTERS),
        *((f"t30_set_{number}", c_int, [c_void_p, c_int]) for number in _NUMBER_SETTERS),
    ):
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
