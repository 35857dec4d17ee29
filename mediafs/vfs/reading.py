"""Read one open source, each time under its stamp, and ahead of who reads it in order.

What the kernel has in memory is read on the loop. Everything else is read in a thread; where
that takes long, as it does from a share, the parts that will be asked for next are fetched in
several threads at once. No byte is given without a look at the stamp after it was read, and
what was fetched ahead is looked at again when it is given.
"""

from __future__ import annotations

import ctypes
import errno
import os
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import trio

from mediafs.vfs.read_ahead import PIECE_BYTES
from mediafs.vfs.sources import Opened, Trouble, fits

if TYPE_CHECKING:
    from mediafs.vfs.read_ahead import Ahead

Bytes = bytes | bytearray | memoryview

_NO_WAIT: Final = getattr(os, "RWF_NOWAIT", 0)

# A read that takes this long waits for more than a disk of this machine. Arbitrary: flash takes
# 1 ms for 1 MiB, a share over a good network 5.
SLOW_SECONDS: Final = 0.005
_FIRST_PIECES: Final = 4
_MOST_PIECES: Final = 16


@dataclass(slots=True, eq=False)
class _Piece:
    offset: int
    size: int
    found: bytearray | Trouble | None = None
    ready: trio.Event = field(default_factory=trio.Event)
    left: int = 0  # bytes that were not given yet
    is_dropped: bool = False

    @property
    def end(self) -> int:
        return self.offset + self.size


class Reader:
    """Reads one open source."""

    __slots__ = ("_ahead", "_end", "_pieces", "_window", "opened")

    def __init__(self, opened: Opened, ahead: Ahead) -> None:
        self.opened = opened
        self._ahead = ahead
        self._pieces: deque[_Piece] = deque()  # in order, without gaps
        self._window = _FIRST_PIECES
        self._end = -1  # of the furthest read in a row; -1: none yet

    def read_now(self, offset: int, buffer: bytearray) -> int:
        """How many bytes are in memory and now in the buffer; all of them are under the stamp.

        What is less than the buffer is for `read` to complete; nothing here waits.
        """
        opened = self.opened
        if opened.may_wait:
            return 0
        try:
            return os.preadv(opened.fd, [buffer], offset, _NO_WAIT)
        except BlockingIOError:
            return 0
        except OSError:
            # EOPNOTSUPP on NFS, SMB and FUSE, where fstat() may wait as well.
            opened.may_wait = True
            return 0

    def is_sound(self) -> bool:
        """Whether the stamp still fits, asked without waiting; False says nothing."""
        try:
            return not self.opened.may_wait and fits(self.opened)
        except OSError:
            return False

    async def read(self, offset: int, buffer: bytearray, filled: int) -> Bytes | Trouble:
        """The bytes, however long it takes, or why they cannot be had from this source.

        The first `filled` bytes of the buffer are there already, but their stamp is not checked.
        """
        self._look_ahead(offset, offset + len(buffer))
        if not filled:
            found = await self._fetched(offset, len(buffer))
            if found is not None:
                return found
        self._ahead.counts.waits += 1
        return await self._in_thread(offset, buffer, filled)

    async def _in_thread(self, offset: int, buffer: bytearray, filled: int) -> bytearray | Trouble:
        opened = self.opened
        disk = "read", opened.device
        return await self._ahead.sources.run_on(
            opened, disk, _read_fully, opened, offset, buffer, filled
        )

    # ------------------------------------------------------------------ ahead of the reader

    def _look_ahead(self, offset: int, end: int) -> None:
        """Fetch what comes after this read, if it follows the one before and reading is slow."""
        if self._pieces:
            goes_on = self._pieces[0].offset <= offset <= self._pieces[-1].end
        else:
            goes_on = offset == self._end
        if not goes_on:
            self.drop()
            self._window = _FIRST_PIECES
            self._end = end
            return
        self._end = max(self._end, end)
        # The kernel itself reads ahead where it can tell what is in memory.
        if self.opened.may_wait and (self._pieces or self.opened.seconds >= SLOW_SECONDS):
            self._extend()

    def _extend(self) -> None:
        start = max(self._end, self._pieces[-1].end if self._pieces else 0)
        size = self.opened.source.stamp.size
        window = min(self._window, self._ahead.pieces_each()) * PIECE_BYTES
        while start < min(size, self._end + window):
            piece = _Piece(start, min(PIECE_BYTES, size - start))
            if not self._ahead.take(self, piece.size):
                return
            piece.left = piece.size
            self._pieces.append(piece)
            self._ahead.counts.pieces += 1
            self.opened.hold()
            trio.lowlevel.spawn_system_task(self._fetch, piece)
            start = piece.end

    async def _fetch(self, piece: _Piece) -> None:
        try:
            # Threads of their own: who reads without order must not wait behind a guess.
            opened = self.opened
            disk = "ahead", opened.device
            piece.found = await self._ahead.sources.run_on(
                opened, disk, _read_piece, opened, piece, threads=_MOST_PIECES
            )
        finally:
            self.opened.let_go()
            piece.ready.set()
            if piece.is_dropped:
                self._ahead.give_back(piece.size)

    async def _fetched(self, offset: int, size: int) -> Bytes | Trouble | None:
        """The bytes out of what was fetched ahead; None: they are not in it."""
        end = offset + size
        pieces = [p for p in self._pieces if p.offset < end and offset < p.end]
        if not pieces or pieces[0].offset > offset or pieces[-1].end < end:
            return None
        parts, is_checked = [], True
        for piece in pieces:
            if piece.ready.is_set():
                is_checked = False
            else:
                self._window = min(2 * self._window, _MOST_PIECES)
                await piece.ready.wait()
            if piece.found is None:  # it was dropped, for others had need of the memory
                return None
            if isinstance(piece.found, Trouble):
                self.drop()
                return piece.found
            start = max(offset, piece.offset)
            part = memoryview(piece.found)[start - piece.offset : end - piece.offset]
            piece.left -= len(part)
            parts.append(part)
        # What was read before it was asked for may have changed since.
        if not is_checked and not self.is_sound() and not await self._is_sound_still():
            self.drop()
            return Trouble.CHANGED
        self._forget_given()
        return parts[0] if len(parts) == 1 else b"".join(parts)

    async def _is_sound_still(self) -> bool:
        opened = self.opened
        return await self._ahead.sources.run_on(opened, ("read", opened.device), _fits_now, opened)

    def _forget_given(self) -> None:
        while self._pieces and self._pieces[0].left <= 0:
            self._drop(self._pieces.popleft())
        if not self._pieces:
            self._ahead.leave(self)

    def drop(self) -> None:
        """Hold nothing any more; what is on its way is dropped when it comes."""
        while self._pieces:
            self._drop(self._pieces.pop())
        self._ahead.leave(self)

    def _drop(self, piece: _Piece) -> None:
        piece.is_dropped = True
        if piece.ready.is_set():
            self._ahead.give_back(piece.size)

    def release(self) -> None:
        """Read no more, and close the source as soon as no thread uses it."""
        self.drop()
        self.opened.let_go()


# Without zeros that are written over at once: 0.3 instead of 38 microseconds for 1 MiB. Nobody
# sees what was there before: a buffer is given only when it is full.
_new = ctypes.pythonapi.PyByteArray_FromStringAndSize
_new.restype = ctypes.py_object
_new.argtypes = (ctypes.c_char_p, ctypes.c_ssize_t)


def new_buffer(size: int) -> bytearray:
    """So many bytes, whatever they are. A new one each time: the same again was a third slower."""
    made: bytearray = _new(None, size)
    return made


# ------------------------------------------------------------------ in a thread, may be slow


def _read_piece(opened: Opened, piece: _Piece) -> bytearray | Trouble | None:
    if piece.is_dropped:
        return None
    return _read_fully(opened, piece.offset, new_buffer(piece.size), 0)


def _read_fully(opened: Opened, offset: int, buffer: bytearray, filled: int) -> bytearray | Trouble:
    began = time.monotonic()
    try:
        with memoryview(buffer) as view:
            while filled < len(view):
                count = os.preadv(opened.fd, [view[filled:]], offset + filled)
                if not count:
                    return Trouble.CHANGED
                filled += count
        is_good = fits(opened)
    except OSError as exc:
        return Trouble.VANISHED if exc.errno == errno.ESTALE else Trouble.UNREADABLE
    opened.seconds = time.monotonic() - began
    return buffer if is_good else Trouble.CHANGED


def _fits_now(opened: Opened) -> bool:
    try:
        return fits(opened)
    except OSError:
        return False
