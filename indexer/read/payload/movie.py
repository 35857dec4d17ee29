"""MOV, MP4, M4V, 3GP, M4A and CR3: the samples that `moov` leads to.

Only tracks that are seen or heard count; timed metadata, time codes, text and hints do not. One
family for all of them, since the same samples in MOV and MP4 are the same film. What tools change
when they only repack is made equal: `hev1` and `hvc1`, `esds` bare or inside QuickTime's `wave`,
and of `esds` only the codec and its set-up, for bit rates and buffers are the muxer's guess.
Left out: display matrix, edit lists, `udta`, `meta`, dates, aspect and colour boxes.

None for fragmented films (`moof`), for compressed or protected indexes, and for reference movies,
whose samples are in other files.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from indexer.read.payload.boxes import Cursor, boxes, held, inner
from indexer.read.payload.film import Sizes, Track, add_tracks, table_of
from indexer.read.payload.source import Digest, Unfollowable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from indexer.read.payload.source import Source

_VIDEO: Final = frozenset({b"vide", b"pict", b"auxv"})  # the last two in picture sequences
_SOUND: Final = b"soun"
_MOST_TRACKS: Final = 100  # a spatial film has ten
_FULL: Final = 4  # version and flags before the body of a "full" box

# The same samples under another name: parameter sets may stand in the stream as well, or not.
_SAME: Final = {b"hev1": b"hvc1", b"avc3": b"avc1", b"h263": b"s263"}
# Set-up that repacking leaves alone. `damr`, `d263` name the muxer, `dvcC` is often dropped.
_SETUPS: Final = frozenset(b"avcC hvcC vvcC av1C vpcC dac3 dec3 dOps dfLa alac glbl CMP1".split())
_VIDEO_BOXES: Final = 78  # where boxes start in a video's sample entry
_SOUND_BOXES: Final = {0: (28,), 1: (44, 28), 2: (64,)}  # by version; ISO's version 1 has no more
_PCM: Final = frozenset({b"twos", b"sowt", b"raw ", b"NONE", b"in24", b"in32", b"fl32", b"lpcm"})
_LAWS: Final = frozenset({b"ulaw", b"alaw"})  # 8 bits a sample, though the entry says 16
_PACKED: Final = 1  # version of a sound entry that tells samples and bytes per packet


def of_movie(source: Source) -> bytes:
    bodies = held(source, b"moov")
    if b"moov" not in bodies:
        raise Unfollowable
    digest = Digest("film")
    add_movie(digest, source, bodies[b"moov"])
    return digest.result()


def add_movie(digest: Digest, source: Source, moov: memoryview) -> None:
    traks = []
    for kind, body in boxes(moov):
        if kind == b"mvex":  # fragments follow
            raise Unfollowable
        if kind == b"trak":
            traks.append(body)
    if len(traks) > _MOST_TRACKS:
        raise Unfollowable
    add_tracks(digest, source, [track for trak in traks for track in _track(trak)])


def _track(trak: memoryview) -> Iterator[Track]:
    handler = bytes(inner(trak, b"mdia", b"hdlr")[8:12])
    if handler != _SOUND and handler not in _VIDEO:
        return
    minf = inner(trak, b"mdia", b"minf")
    _expect_own_samples(minf)
    stbl = inner(minf, b"stbl")
    entries = list(_entries(inner(stbl, b"stsd"), is_sound=handler == _SOUND))
    sizes = _sizes(stbl, entries[0] if handler == _SOUND and entries else None)
    yield Track(
        is_sound=handler == _SOUND,
        codec=b" ".join(entry.codec for entry in entries),
        setup=b"".join(entry.setup() for entry in entries),
        sizes=sizes,
        runs=_runs(stbl, sizes),
    )


def _expect_own_samples(minf: memoryview) -> None:
    for kind, body in boxes(minf):
        if kind != b"dinf":
            continue
        for _, entry in boxes(inner(body, b"dref")[_FULL + 4 :]):
            is_here = Cursor(entry).number(_FULL) & 1
            # Some cameras forget the flag, but name no other file either.
            if not is_here and bytes(entry[_FULL:]).strip(b"\0"):
                raise Unfollowable


# --- codecs ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Entry:
    """One sample description."""

    codec: bytes
    body: memoryview
    is_sound: bool

    def setup(self) -> bytes:
        """The decoder's set-up; where a codec has none, what the entry itself says."""
        found = [told for kind, body in self._boxes() if (told := _told(kind, body))]
        if found:
            return b"".join(len(told).to_bytes(4, "big") + told for told in sorted(found))
        if not self.is_sound:
            return bytes(self.body[24:28])  # width and height
        return bytes(self.body[16:20]) if self.codec in _PCM else b""  # channels and bits

    def version(self) -> int:
        return Cursor(self.body, 8).number(2)

    def frame(self) -> tuple[int, int]:
        """How many samples of old QuickTime sound share how many bytes."""
        cursor = Cursor(self.body, 16)
        channels, bits = cursor.number(2), cursor.number(2)
        if self.version() == _PACKED:
            packet = Cursor(self.body, 28)
            samples, _, together = (packet.number(4) for _ in range(3))
            return (samples, together) if samples and together else (1, 1)
        if self.codec in _LAWS:
            return 1, channels or 1
        return 1, max(channels * bits // 8, 1) if self.codec in _PCM else 1

    def _boxes(self) -> Iterator[tuple[bytes, memoryview]]:
        """Boxes behind the entry's fixed fields, as far as they make sense."""
        starts = _SOUND_BOXES.get(self.version(), ()) if self.is_sound else (_VIDEO_BOXES,)
        for start in starts:
            found = list(_tolerantly(self.body[start:]))
            for kind, body in found:
                yield from _tolerantly(body) if kind == b"wave" else [(kind, body)]
            if found:
                return


def _entries(stsd: memoryview, *, is_sound: bool) -> Iterator[_Entry]:
    for kind, body in boxes(stsd[_FULL + 4 :]):
        yield _Entry(_SAME.get(kind, kind), body, is_sound)


def _tolerantly(body: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    """Boxes up to where they end: cameras leave odd bytes behind them."""
    try:
        yield from boxes(body)
    except Unfollowable:
        return


def _told(kind: bytes, body: memoryview) -> bytes:
    if kind == b"esds":
        return _elementary(body[_FULL:])
    return kind + bytes(body) if kind in _SETUPS else b""


_ES, _DECODER, _SPECIFIC = 3, 4, 5  # descriptors of MPEG-4, one inside the other
_DEPENDS, _URL, _OCR = 0x80, 0x40, 0x20  # flags of fields that may follow in the first


def _elementary(body: memoryview) -> bytes:
    """The codec's number and its own set-up, out of the descriptors of `esds`."""
    stream = _descriptor(body, _ES)
    cursor = Cursor(stream)
    cursor.take(2)
    flags = cursor.number(1)
    cursor.take(2 * bool(flags & _DEPENDS) + 2 * bool(flags & _OCR))
    if flags & _URL:
        raise Unfollowable
    decoder = _descriptor(cursor.rest(), _DECODER)
    setup = _descriptor(decoder[13:], _SPECIFIC) if len(decoder) > 13 else b""  # noqa: PLR2004
    return b"esds" + bytes(decoder[:1]) + bytes(setup)


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


# --- where the samples lie ---------------------------------------------------------------


def _sizes(stbl: memoryview, sound: _Entry | None) -> Sizes:
    for kind, body in boxes(stbl):
        if kind == b"stsz":
            return _plain_sizes(Cursor(body, _FULL), sound)
        if kind == b"stz2":
            return _compact_sizes(Cursor(body, _FULL))
    raise Unfollowable


def _plain_sizes(cursor: Cursor, sound: _Entry | None) -> Sizes:
    each, count = cursor.number(4), cursor.number(4)
    if each == 1 and sound:
        unit, each = sound.frame()
        return Sizes(count, each, unit)
    return Sizes(count, each) if each else Sizes(count, table=table_of(cursor.take(4 * count)))


def _compact_sizes(cursor: Cursor) -> Sizes:
    bits, count = cursor.number(4) & 0xFF, cursor.number(4)
    if bits not in {8, 16}:
        raise Unfollowable
    wide = bits // 8
    raw = bytes(cursor.take(wide * count))
    padded = bytearray(4 * count)
    for byte in range(wide):
        padded[4 - wide + byte :: 4] = raw[byte::wide]
    return Sizes(count, table=table_of(bytes(padded)))


def _runs(stbl: memoryview, sizes: Sizes) -> Iterator[tuple[int, int]]:
    """Chunk by chunk; chunks that touch are one run."""
    start, length = 0, 0
    for offset, bytes_here in _chunks(stbl, sizes):
        if offset == start + length:
            length += bytes_here
            continue
        yield start, length
        start, length = offset, bytes_here
    yield start, length


def _chunks(stbl: memoryview, sizes: Sizes) -> Iterator[tuple[int, int]]:
    """Offset and length of each chunk; raises where chunks and samples don't come out even."""
    offsets = _offsets(stbl)
    passed = 0
    for offset, samples in zip(offsets, _samples_per_chunk(stbl, len(offsets)), strict=True):
        samples_here = min(samples, sizes.count - passed)
        yield offset, sizes.total(passed, samples_here)
        passed += samples_here
    if passed != sizes.count:
        raise Unfollowable


def _offsets(stbl: memoryview) -> list[int]:
    for kind, body in boxes(stbl):
        if kind in {b"stco", b"co64"}:
            wide = 4 if kind == b"stco" else 8
            cursor = Cursor(body, _FULL)
            raw = cursor.take(wide * cursor.number(4))
            table = table_of(raw)
            if kind == b"stco":
                return table.tolist()
            return [high << 32 | low for high, low in zip(table[::2], table[1::2], strict=True)]
    raise Unfollowable


def _samples_per_chunk(stbl: memoryview, chunks: int) -> Iterator[int]:
    cursor = Cursor(inner(stbl, b"stsc"), _FULL)
    count = cursor.number(4)
    table = table_of(cursor.take(12 * count))
    firsts, samples = table[::3], table[1::3]
    for number, (first, each) in enumerate(zip(firsts, samples, strict=True)):
        end = firsts[number + 1] if number + 1 < count else chunks + 1
        if not 0 < first <= end <= chunks + 1 or (number == 0 and first != 1):
            raise Unfollowable
        for _ in range(end - first):
            yield each
