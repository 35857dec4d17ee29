"""Sample descriptions of MOV and MP4: which codec, and what it is told before the first sample.

Said so that repacking does not show: `hev1` and `hvc1` are one, `esds` may be bare or inside
QuickTime's `wave`, and of it only the codec and its own set-up count, for bit rates and buffers
are the muxer's guess. Plain PCM has a dozen names; here it is what its samples look like.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from indexer.read.payload.boxes import FULL, Cursor, boxes
from indexer.read.payload.source import Unfollowable

if TYPE_CHECKING:
    from collections.abc import Iterator


# The same samples under another name: parameter sets may stand in the stream as well, or not.
_SAME: Final = {b"hev1": b"hvc1", b"avc3": b"avc1", b"h263": b"s263"}
# Set-up that repacking leaves alone. `damr` and `d263` name the muxer, `dvcC` is often dropped.
_SETUPS: Final = frozenset(b"avcC hvcC vvcC av1C vpcC dac3 dec3 dOps dfLa alac glbl CMP1".split())
_VIDEO_BOXES: Final = 78  # where boxes start in a video's entry
_SOUND_BOXES: Final = {0: (28,), 1: (44, 28), 2: (64,)}  # by version; ISO's version 1 has no more
_PACKED, _LONG = 1, 2  # versions of a sound's entry: with packets, with wide numbers

# Names of PCM -> whether the small end comes first; None where the entry says so elsewhere.
_PCM: Final[dict[bytes, bool | None]] = {
    **dict.fromkeys((b"twos", b"raw ", b"NONE"), False),
    b"sowt": True,
    **dict.fromkeys((b"in24", b"in32", b"fl32", b"fl64", b"lpcm", b"ipcm", b"fpcm"), None),
}
_FLOATS: Final = frozenset({b"fl32", b"fl64", b"fpcm"})
_UNSIGNED: Final = frozenset({b"raw ", b"NONE"})
_BITS: Final = {b"in24": 24, b"in32": 32, b"fl32": 32, b"fl64": 64}
_LAWS: Final = frozenset({b"ulaw", b"alaw"})  # 8 bits a sample, though the entry says 16
_IS_FLOAT, _IS_BIG, _IS_SIGNED = 1, 2, 4  # flags of lpcm


@dataclass(frozen=True, slots=True)
class Codec:
    """One entry of `stsd`."""

    fourcc: bytes
    body: memoryview
    is_sound: bool

    def name(self) -> bytes:
        return b"pcm" if self._is_pcm() else _SAME.get(self.fourcc, self.fourcc)

    def setup(self) -> bytes:
        """The decoder's set-up; where a codec has none, what the entry itself says."""
        if self._is_pcm():
            return _pcm(self).packed()
        found = [told for kind, body in self.boxes() if (told := _told(kind, body))]
        if found:
            return b"".join(len(told).to_bytes(4, "big") + told for told in sorted(found))
        return b"" if self.is_sound else bytes(self.body[24:28])  # width and height

    def frame(self) -> tuple[int, int]:
        """How many samples of old QuickTime sound share how many bytes."""
        if self.version() == _PACKED:
            packet = Cursor(self.body, 28)
            samples, _, together = (packet.number(4) for _ in range(3))
            return (samples, together) if samples and together else (1, 1)
        if self.fourcc in _LAWS:
            return 1, self.number(16, 2) or 1
        return 1, _pcm(self).frame_bytes() if self._is_pcm() else 1

    def version(self) -> int:
        return self.number(8, 2)

    def number(self, offset: int, length: int) -> int:
        return Cursor(self.body, offset).number(length)

    def boxes(self) -> Iterator[tuple[bytes, memoryview]]:
        """Boxes behind the entry's fixed fields, as far as they make sense."""
        starts = _SOUND_BOXES.get(self.version(), ()) if self.is_sound else (_VIDEO_BOXES,)
        for start in starts:
            found = list(_tolerantly(self.body[start:]))
            for kind, body in found:
                yield from _tolerantly(body) if kind == b"wave" else [(kind, body)]
            if found:
                return

    def _is_pcm(self) -> bool:
        return self.is_sound and self.fourcc in _PCM


def codecs(stsd: memoryview, *, is_sound: bool) -> Iterator[Codec]:
    for kind, body in boxes(stsd[FULL + 4 :]):
        yield Codec(kind, body, is_sound)


def _tolerantly(body: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    """Boxes up to where they end: cameras leave odd bytes behind them."""
    try:
        yield from boxes(body)
    except Unfollowable:
        return


# --- PCM ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Pcm:
    channels: int
    bits: int
    is_little: bool
    is_float: bool
    is_signed: bool

    def frame_bytes(self) -> int:
        return max(self.channels * ((self.bits + 7) // 8), 1)

    def packed(self) -> bytes:
        is_little = self.is_little and self.bits > 8  # noqa: PLR2004 - one byte has no ends
        flags = (is_little, self.is_float, self.is_signed)
        return struct.pack(">II???", self.channels, self.bits, *flags)


def _pcm(codec: Codec) -> _Pcm:
    if codec.fourcc == b"lpcm" and codec.version() == _LONG:
        flags = codec.number(52, 4)
        is_float, is_signed = bool(flags & _IS_FLOAT), bool(flags & (_IS_SIGNED | _IS_FLOAT))
        is_little = not flags & _IS_BIG
        return _Pcm(codec.number(40, 4), codec.number(48, 4), is_little, is_float, is_signed)
    told = {kind: bytes(body) for kind, body in codec.boxes()}
    bits = _BITS.get(codec.fourcc, codec.number(18, 2))
    is_little = bool(_PCM[codec.fourcc])
    if b"enda" in told:
        is_little = bool(int.from_bytes(told[b"enda"][:2], "big"))
    if len(told.get(b"pcmC", b"")) > FULL + 1:
        is_little, bits = bool(told[b"pcmC"][FULL] & 1), told[b"pcmC"][FULL + 1]
    is_signed = codec.fourcc not in _UNSIGNED
    return _Pcm(codec.number(16, 2), bits, is_little, codec.fourcc in _FLOATS, is_signed)


# --- set-up in boxes ---------------------------------------------------------------------


def _told(kind: bytes, body: memoryview) -> bytes:
    if kind == b"esds":
        return _elementary(body[FULL:])
    if kind == b"hvcC":
        return kind + _parameter_sets(body)
    return kind + bytes(body) if kind in _SETUPS else b""


def _parameter_sets(body: memoryview) -> bytes:
    """`hvcC` without the marks "no others in the stream", which hev1 and hvc1 set differently."""
    told = bytearray(body)
    cursor = Cursor(body, 22)
    for _ in range(cursor.number(1)):
        kind = cursor.number(1)
        told[cursor.offset - 1] = kind & 0x7F
        for _ in range(cursor.number(2)):
            cursor.take(cursor.number(2))
    return bytes(told)


_STREAM, _DECODER, _SPECIFIC = 3, 4, 5  # descriptors of MPEG-4, one inside the other
_DEPENDS, _URL, _CLOCK = 0x80, 0x40, 0x20  # flags of fields that may follow in the first
_DECODER_HEAD: Final = 13  # the codec's number, then what the muxer guessed


def _elementary(body: memoryview) -> bytes:
    """The codec's number and its own set-up, out of the descriptors of `esds`."""
    cursor = Cursor(_descriptor(body, _STREAM))
    cursor.take(2)
    flags = cursor.number(1)
    if flags & _URL:
        raise Unfollowable
    cursor.take(2 * bool(flags & _DEPENDS) + 2 * bool(flags & _CLOCK))
    decoder = _descriptor(cursor.rest(), _DECODER)
    rest = decoder[_DECODER_HEAD:]
    setup = bytes(_descriptor(rest, _SPECIFIC)) if bytes(rest[:1]) == b"\5" else b""
    return b"esds" + bytes(decoder[:1]) + setup


def _descriptor(body: memoryview, kind: int) -> memoryview:
    cursor = Cursor(body)
    if cursor.number(1) != kind:
        raise Unfollowable
    length = 0
    for _ in range(4):
        part = cursor.number(1)
        length = length << 7 | part & 0x7F
        if not part & 0x80:
            break
    return cursor.take(length)
