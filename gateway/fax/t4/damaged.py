"""Damaged pages without ECM: MH and MR rows read one by one, found again at the next EOL (T.4 clauses 4.1 and 4.2).

What lives here: our own decoder, which counts bad rows and puts the last good row in their place. What does not: clean
pages (`codec`: libtiff is forty times as fast), and whether so many bad rows are too many (`t30.reception`).
"""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from gateway.domain.call import Coding
from gateway.fax.t4.codes import BLACK, LEAST_MAKE_UP, MODE_BITS, MODES, WHITE, WINDOW, Mode, RunTable

MOST_ROWS = 70_000
_MOST_OCTETS = 8 << 20  # an A3 page of noise at 400 per inch has five million
_EOL_ZEROS = 11
_EOL_BITS = _EOL_ZEROS + 1
# What follows a whole row without its EOL is counted as a row where it has room for a spoilt EOL and a white row.
_ROOM_FOR_ROW = 29
_EOLS_OF_END = 3  # as many EOLs behind an EOL are a return to control beyond doubt

Changes = list[int]
"""Where a row's color changes, white first: strictly rising, none at the row's end."""


class _BadRowError(Exception):
    """What follows is no row of the width wanted."""


@dataclass(frozen=True, slots=True)
class _Segment:
    """The bits between two EOLs: of a row, or of none where EOL follows EOL."""

    start: int
    end: int  # where the next EOL begins, its fill apart
    next_one: int  # the 1 of the next EOL; -1 at the end of the data
    two_dimensional: bool


def decode_rows(strip: bytes, coding: Coding, width: int, most_rows: int = MOST_ROWS) -> tuple[list[bytes], int]:
    """The packed rows of an MH or MR strip and how many are bad; those repeat the last good one, or are white.

    A two-dimensional row after a bad one is bad too, up to the next one-dimensional one. Ends at the return to
    control, at the end of the data or after `most_rows`. Any octets at all decode to something.
    """
    page = _Page(strip[:_MOST_OCTETS], coding, width)
    page.read(most_rows)
    return page.rows, page.bad


class _Page:
    """One strip as it is read."""

    def __init__(self, strip: bytes, coding: Coding, width: int) -> None:
        self._codes = _Codes(strip)
        self._tagged = coding is Coding.MR
        self._width = width
        self._reference: Changes | None = []
        self._last = bytes((width + 7) // 8)
        self._perhaps_over: tuple[int, int] | None = None  # rows, and bad ones, before EOL followed EOL
        self.rows: list[bytes] = []
        self.bad = 0

    def read(self, most_rows: int) -> None:
        """Read every row up to the return to control, whose EOLs may be damaged themselves.

        Damage may look like two EOLs: they end the page only where no good row follows.
        """
        eols = -1  # one EOL begins the page
        for segment in self._segments():
            if not self._codes.is_blank(segment):
                eols = 0
                self._take(segment)
                if len(self.rows) >= most_rows:
                    break
                continue
            eols += 1
            if eols == 1 and self._perhaps_over is None:
                self._perhaps_over = len(self.rows), self.bad
            if eols == _EOLS_OF_END:
                break
        self._cut(most_rows)

    def _cut(self, most_rows: int) -> None:
        """Leave out what followed the return to control."""
        if self._perhaps_over is not None:
            count, self.bad = self._perhaps_over
            del self.rows[count:]
        del self.rows[most_rows:]

    def _segments(self) -> Iterator[_Segment]:
        """What lies between EOLs; what precedes the first is a row without tag, where it is not fill."""
        one = self._codes.next_eol(0)
        yield _Segment(0, one - _EOL_ZEROS if one >= 0 else self._codes.bits, one, two_dimensional=False)
        while one >= 0:
            start = one + 1
            two_dimensional = self._tagged and self._codes.bit(start) == 0
            start += self._tagged
            one = self._codes.next_eol(start)
            end = one - _EOL_ZEROS if one >= 0 else self._codes.bits
            yield _Segment(start, end, one, two_dimensional)

    def _take(self, segment: _Segment) -> None:
        """The row of a segment, and one more where its EOL was lost and so hides the next row."""
        try:
            changes = self._changes(segment)
        except _BadRowError:
            self._add_bad()
            return
        left = self._codes.left(segment)
        if 0 < left < _ROOM_FOR_ROW:
            self._add_bad()
            return
        self._perhaps_over = None
        self._reference, self._last = changes, _painted(changes, self._width)
        self.rows.append(self._last)
        if left:
            self._add_bad()

    def _add_bad(self) -> None:
        self.bad += 1
        self._reference = None
        self.rows.append(self._last)

    def _changes(self, segment: _Segment) -> Changes:
        self._codes.at = segment.start
        if not segment.two_dimensional:
            return _one_dimensional(self._codes, self._width)
        if self._reference is None:
            raise _BadRowError
        return _two_dimensional(self._codes, self._reference, self._width)


class _Codes:
    """The code words of a strip, read from any bit on; behind the data all bits are zero, which begin no code word."""

    def __init__(self, strip: bytes) -> None:
        octets = np.frombuffer(strip + bytes(4), np.uint8)
        self._ones = np.unpackbits(octets[:-4]).tobytes()
        self._windows = memoryview(_windows(octets).data)
        self.bits = len(self._ones)
        self.at = 0

    def bit(self, at: int) -> int:
        """One bit; one behind the data."""
        return self._ones[at] if at < self.bits else 1

    def next_eol(self, at: int) -> int:
        """The 1 that ends the next EOL; -1 where there is none."""
        zeros = self._ones.find(bytes(_EOL_ZEROS), at)
        return -1 if zeros < 0 else self._ones.find(b"\x01", zeros)

    def is_blank(self, segment: _Segment) -> bool:
        """True when nothing but fill is in the segment."""
        return self._ones.find(b"\x01", segment.start) == segment.next_one

    def left(self, segment: _Segment) -> int:
        """How many bits of the segment were not read; none when they are fill."""
        if self._ones.find(b"\x01", self.at) == segment.next_one:
            return 0
        return max(1, segment.end - self.at)

    def run(self, table: RunTable) -> int:
        """A whole run: make-up codes and the terminating one."""
        total = 0
        while True:
            run, bits = table[self._windows[self.at]]
            if not bits:
                raise _BadRowError
            self.at += bits
            total += run
            if run < LEAST_MAKE_UP:
                return total

    def mode(self) -> tuple[Mode, int]:
        """The next mode, and for vertical ones how far a1 is right of b1."""
        mode, offset, bits = MODES[self._windows[self.at] >> (WINDOW - MODE_BITS)]
        if mode is None:
            raise _BadRowError
        self.at += bits
        return mode, offset


def _windows(octets: np.ndarray) -> np.ndarray:
    """The 13 bits that follow each bit; four octets of zeros end the data."""
    wide = octets.astype(np.uint32)
    three = wide[:-2] << 16 | wide[1:-1] << 8 | wide[2:]
    windows = np.empty((len(three), 8), np.uint16)
    for bit in range(8):
        windows[:, bit] = three >> (24 - WINDOW - bit) & ((1 << WINDOW) - 1)
    return windows.reshape(-1)


def _one_dimensional(codes: _Codes, width: int) -> Changes:
    """White and black runs by turns (T.4 4.1.1)."""
    changes: Changes = []
    position = 0
    table, other = WHITE, BLACK
    while position < width:
        position += codes.run(table)
        _turn(changes, position)
        table, other = other, table
    return _whole(changes, position, width)


def _two_dimensional(codes: _Codes, reference: Changes, width: int) -> Changes:
    """Changes told by their distance from those of the row above (T.4 4.2.1)."""
    above = [*reference, width, width, width]
    changes: Changes = []
    a0, black = -1, 0
    while a0 < width:
        b1 = bisect_right(above, a0)
        b1 += b1 & 1 ^ black
        mode, offset = codes.mode()
        if mode is Mode.PASS:
            a0 = above[b1 + 1]
        elif mode is Mode.HORIZONTAL:
            a0 = _horizontal(codes, changes, max(0, a0), black)
        else:
            a0 = _right_of(a0, above[b1] + offset)
            _turn(changes, a0)
            black ^= 1
    return _whole(changes, a0, width)


def _horizontal(codes: _Codes, changes: Changes, a0: int, black: int) -> int:
    """Two runs; where they end."""
    for table in (BLACK, WHITE) if black else (WHITE, BLACK):
        a0 += codes.run(table)
        _turn(changes, a0)
    return a0


def _right_of(a0: int, a1: int) -> int:
    if a1 <= a0:
        raise _BadRowError
    return a1


def _turn(changes: Changes, position: int) -> None:
    """Change the color here; two changes at one place are none."""
    if changes and changes[-1] == position:
        changes.pop()
    else:
        changes.append(position)


def _whole(changes: Changes, position: int, width: int) -> Changes:
    """The changes of a row that ended at `position`, which must be its width."""
    if position != width:
        raise _BadRowError
    if changes and changes[-1] == width:
        changes.pop()
    return changes


def _painted(changes: Changes, width: int) -> bytes:
    """A packed row."""
    turns = np.zeros(width, np.uint8)
    turns[changes] = 1
    return np.packbits(np.bitwise_xor.accumulate(turns)).tobytes()
