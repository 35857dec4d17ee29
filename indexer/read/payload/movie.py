"""MOV, MP4, M4V, 3GP, M4A and CR3: the samples that `moov` leads to.

Only tracks that are seen or heard count; timed metadata, time codes, text and hints do not. One
family for all of them, since the same samples in MOV and MP4 are the same film. What tools change
when they only repack is made equal, see codec.py. Left out: display matrix, edit lists, `udta`,
`meta`, dates, aspect and colour boxes.

None for fragmented films (`moof`), for compressed or protected indexes, and for reference movies,
whose samples are in other files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from indexer.read.payload.boxes import FULL, Cursor, boxes, held, inner
from indexer.read.payload.codec import Codec, codecs
from indexer.read.payload.film import Sizes, Track, add_tracks, table_of
from indexer.read.payload.source import Digest, Unfollowable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from indexer.read.payload.source import Source

_VIDEO: Final = frozenset({b"vide", b"pict", b"auxv"})  # the last two in picture sequences
_SOUND: Final = b"soun"
_MOST_TRACKS: Final = 100  # a spatial film has ten
_MOST_CHUNKS: Final = 1_000_000  # a film of three hours has 20,000


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
    known = list(codecs(inner(stbl, b"stsd"), is_sound=handler == _SOUND))
    sizes = _sizes(stbl, known[0] if handler == _SOUND and known else None)
    yield Track(
        is_sound=handler == _SOUND,
        codec=b" ".join(codec.name() for codec in known),
        setup=b"".join(codec.setup() for codec in known),
        sizes=sizes,
        runs=_runs(stbl, sizes),
    )


def _expect_own_samples(minf: memoryview) -> None:
    for kind, body in boxes(minf):
        if kind != b"dinf":
            continue
        for _, entry in boxes(inner(body, b"dref")[FULL + 4 :]):
            is_here = Cursor(entry).number(FULL) & 1
            # Some cameras forget the flag, but name no other file either.
            if not is_here and bytes(entry[FULL:]).strip(b"\0"):
                raise Unfollowable


def _sizes(stbl: memoryview, sound: Codec | None) -> Sizes:
    for kind, body in boxes(stbl):
        if kind == b"stsz":
            return _plain_sizes(Cursor(body, FULL), sound)
        if kind == b"stz2":
            return _compact_sizes(Cursor(body, FULL))
    raise Unfollowable


def _plain_sizes(cursor: Cursor, sound: Codec | None) -> Sizes:
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


def _offsets(stbl: memoryview) -> Sequence[int]:
    for kind, body in boxes(stbl):
        if kind in {b"stco", b"co64"}:
            wide = 4 if kind == b"stco" else 8
            cursor = Cursor(body, FULL)
            count = cursor.number(4)
            if count > _MOST_CHUNKS:
                raise Unfollowable
            table = table_of(cursor.take(wide * count))
            if kind == b"stco":
                return table
            return [high << 32 | low for high, low in zip(table[::2], table[1::2], strict=True)]
    raise Unfollowable


def _samples_per_chunk(stbl: memoryview, chunks: int) -> Iterator[int]:
    cursor = Cursor(inner(stbl, b"stsc"), FULL)
    count = cursor.number(4)
    table = table_of(cursor.take(12 * count))
    if chunks and not count:
        raise Unfollowable
    firsts, samples = table[::3], table[1::3]
    for number, (first, each) in enumerate(zip(firsts, samples, strict=True)):
        end = firsts[number + 1] if number + 1 < count else chunks + 1
        if not 0 < first <= end <= chunks + 1 or (number == 0 and first != 1):
            raise Unfollowable
        for _ in range(end - first):
            yield each
