"""AVI: the chunks of `movi`, stream by stream, with each stream's format.

Counted: pictures and sound (`vids`, `auds`, `iavs`), their `strf`, and chunk sizes. Left out:
`INFO`, dates, `strd` (cameras keep EXIF there), padding, indexes, text streams. Also across the
further RIFFs of long films.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from indexer.read.payload.film import Sizes, Track, add_tracks
from indexer.read.payload.source import Digest, Source, Unfollowable

if TYPE_CHECKING:
    from collections.abc import Iterator

_HEAD: Final = 8  # kind and length
_LIST_HEAD: Final = 12  # and what is in the list
_OPENED: Final = frozenset({b"hdrl", b"strl", b"movi", b"rec "})
_SEEN_OR_HEARD: Final = frozenset({b"vids", b"auds", b"iavs"})
_LONGEST_FORMAT: Final = 64 * 1024


class _Chunk(NamedTuple):
    kind: bytes
    start: int
    length: int


@dataclass(slots=True)
class _Stream:
    kind: bytes
    setup: bytes = b""
    sizes: array[int] = field(default_factory=lambda: array("I"))
    starts: array[int] = field(default_factory=lambda: array("Q"))

    def track(self) -> Track:
        sizes = Sizes(len(self.sizes), table=self.sizes)
        runs = zip(self.starts, self.sizes, strict=True)
        return Track(self.kind == b"auds", self.kind, self.setup, sizes, runs)


def of_avi(source: Source) -> bytes:
    streams: list[_Stream] = []
    for chunk in _chunks(source):
        _take(source, chunk, streams)
    digest = Digest("avi")
    tracks = [stream.track() for stream in streams if stream.kind in _SEEN_OR_HEARD]
    add_tracks(digest, source, tracks)
    return digest.result()


def _take(source: Source, chunk: _Chunk, streams: list[_Stream]) -> None:
    if chunk.kind == b"strh":
        streams.append(_Stream(bytes(source.at(chunk.start, 4))))
    elif chunk.kind == b"strf" and streams:
        streams[-1].setup = bytes(source.at(chunk.start, min(chunk.length, _LONGEST_FORMAT)))
    elif chunk.kind[:2].isdigit() and chunk.kind[2:] != b"ix":
        number = int(chunk.kind[:2])
        if number >= len(streams):
            raise Unfollowable
        streams[number].sizes.append(chunk.length)
        streams[number].starts.append(chunk.start)


def _chunks(source: Source) -> Iterator[_Chunk]:
    """All chunks of the lists that matter, flat."""
    offset, end = 0, 0
    while offset + _LIST_HEAD <= source.size:
        head = bytes(source.at(offset, _LIST_HEAD))
        length = int.from_bytes(head[4:8], "little")
        if head[:4] == b"RIFF" and head[8:] in {b"AVI ", b"AVIX"}:
            end = offset + _HEAD + length
            offset += _LIST_HEAD
            continue
        if offset >= end:
            return  # behind the RIFFs: padding, or what a camera left there
        if head[:4] == b"LIST" and head[8:] in _OPENED:
            offset += _LIST_HEAD
            continue
        source.expect(offset + _HEAD, length)
        yield _Chunk(head[:4], offset + _HEAD, length)
        offset += _HEAD + length + length % 2
