"""Read one file once: every fact its bytes can give, from a single pass.

Opening is source.py, decoding decode.py, the process around it worker.py. Bytes are counted
exactly: `bytes_read` is the pass; a film's container is then asked again from the page cache,
through the same handle.
"""

from __future__ import annotations

import io
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Final, Protocol

from blake3 import blake3

from indexer.metadata.file_types import claims_media
from indexer.metadata.sniff import sniff
from indexer.metadata.subtitles import subtitle_tags
from indexer.model import MEDIA, Damage, Film, Kind, Picture, Reading
from indexer.read.limits import Limits, Truncated, Undecodable
from indexer.read.needs import decoding_bytes
from indexer.read.payload import payload_of, payload_of_stream, tail_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from indexer.metadata.sniff import Sniffed

# 400 MB from the page cache: 137 ms by 64 KiB, 104 by 256 KiB, 87 by 1 MiB or 4, 108 by 16 MiB.
CHUNK_BYTES: Final = 1024 * 1024
SAMPLE_BYTES: Final = 64 * 1024
_PICTURES: Final = frozenset({Kind.PICTURE, Kind.RAW})
_FILMS: Final = frozenset({Kind.VIDEO, Kind.AUDIO})


class TornRead(Exception):
    """The file changed while it was read; nothing about it may be stored."""


class Decoders(Protocol):
    """What makes facts of media bytes; decode.py is one."""

    def decode_picture(
        self, data: bytes | bytearray | memoryview, sniffed: Sniffed, limits: Limits, /
    ) -> Picture | None: ...

    def decode_film(
        self, stream: BinaryIO, sniffed: Sniffed, limits: Limits, /
    ) -> tuple[Film, Picture | None]: ...


@dataclass(frozen=True, slots=True)
class _Pass:
    """What went by: digests, type, and the bytes themselves where they were worth keeping."""

    blake3: bytes
    sample: bytes
    size: int
    sniffed: Sniffed
    held: memoryview | None
    told: dict[str, object]


@dataclass(frozen=True, slots=True)
class _Decoded:
    picture: Picture | None = None
    film: Film | None = None
    damage: Damage | None = None
    says: str | None = None


def _ignore(_count: int) -> None:
    pass


def _ignore_end() -> None:
    pass


def read_once(
    fd: int,
    name: bytes,
    limits: Limits,
    *,
    decoders: Decoders | None = None,
    on_bytes: Callable[[int], None] = _ignore,
    on_held: Callable[[int], None] = _ignore,
    on_passed: Callable[[], None] = _ignore_end,
    on_decode: Callable[[int], None] = _ignore,
) -> Reading:
    """Read the open file from its start to its end and tell what it is.

    Without `decoders` only the digest of all bytes and the type are found. `on_bytes` hears how
    many bytes have gone by after each chunk, `on_held` how many will be kept in memory once that
    is known, `on_passed` that the last has gone by of something to be decoded, `on_decode` how
    much memory that will take besides, just before it begins. Raises TornRead when size, mtime or
    ctime differ between before and after, OSError when reading fails.
    """
    before = os.fstat(fd)
    passed = _read_through(fd, name, before.st_size, limits, on_bytes, on_held)
    decoded, payload, tail = _Decoded(), None, None
    if decoders is not None and passed.sniffed.kind in MEDIA:
        on_passed()
        on_decode(decoding_bytes(passed.held, passed.sniffed))
        payload = _payload(fd, passed)
        tail = tail_of(passed.held, passed.sniffed) if passed.held is not None else None
        decoded = _decode(fd, passed, limits, decoders)
    _expect_same(before, os.fstat(fd), passed.size)
    damage, says = _damage(name, passed, decoded)
    return Reading(
        blake3=passed.blake3,
        size=passed.size,
        mime=passed.sniffed.mime,
        kind=passed.sniffed.kind,
        extension=passed.sniffed.extension,
        payload=payload,
        sample=passed.sample,
        picture=decoded.picture,
        film=decoded.film,
        damage=damage,
        damage_says=says,
        told=passed.told,
        tail=tail,
    )


def sample_of(head: bytes, tail: bytes, size: int) -> bytes:
    """32 bytes that recognise a file without reading it through.

    BLAKE3 over the first 64 KiB, the last 64 KiB and the size as 8 bytes, little end first.
    Of a file shorter than that, head and tail are both the whole of it.
    """
    return blake3(head + tail + size.to_bytes(8, "little")).digest()


def sample_at(fd: int, size: int) -> tuple[bytes, int]:
    """The sample of an open file of this size, and how many bytes were read for it."""
    head = os.pread(fd, SAMPLE_BYTES, 0)
    tail = os.pread(fd, SAMPLE_BYTES, max(0, size - SAMPLE_BYTES))
    return sample_of(head, tail, size), len(head) + len(tail)


def _read_through(
    fd: int,
    name: bytes,
    size: int,
    limits: Limits,
    on_bytes: Callable[[int], None],
    on_held: Callable[[int], None],
) -> _Pass:
    """One pass from first to last byte: hash all, hold what is worth decoding."""
    chunk = memoryview(bytearray(min(CHUNK_BYTES, max(size, 1))))
    count = os.preadv(fd, [chunk], 0)
    head = bytes(chunk[: min(count, SAMPLE_BYTES)])
    sniffed = sniff(head, name)
    hasher = blake3(chunk[:count])
    hold = sniffed.kind in _PICTURES and size <= limits.whole_bytes
    on_held(size if hold else 0)
    held = memoryview(bytearray(size)) if hold else None
    if held is not None:
        held[:count] = chunk[:count]
    offset, tail = count, bytes(chunk[max(0, count - SAMPLE_BYTES) : count])
    while count and offset < size:
        on_bytes(offset)
        target = chunk if held is None else held[offset : offset + CHUNK_BYTES]
        count = os.preadv(fd, [target], offset)
        hasher.update(target[:count])
        tail = (tail + bytes(target[max(0, count - SAMPLE_BYTES) : count]))[-SAMPLE_BYTES:]
        offset += count
    on_bytes(offset)
    told = subtitle_tags(head) if sniffed.extension == "srt" else {}
    return _Pass(hasher.digest(), sample_of(head, tail, offset), offset, sniffed, held, told)


def _payload(fd: int, passed: _Pass) -> bytes | None:
    """The digest without metadata: of the bytes held, or once more out of the page cache."""
    if passed.held is not None:
        return payload_of(passed.held, passed.sniffed)
    with _again(fd) as stream:
        return payload_of_stream(stream, passed.size, passed.sniffed)


def _decode(fd: int, passed: _Pass, limits: Limits, decoders: Decoders) -> _Decoded:
    try:
        if passed.sniffed.kind in _FILMS:
            with _again(fd) as stream:
                film, picture = decoders.decode_film(stream, passed.sniffed, limits)
            return _Decoded(picture, film)
        if passed.held is None:
            return _Decoded()  # over limits.whole_bytes: sound for all we know, but not looked at
        return _Decoded(decoders.decode_picture(passed.held, passed.sniffed, limits))
    except Truncated as cut:
        return _Decoded(cut.picture, cut.film, Damage.TRUNCATED, str(cut))
    except Undecodable as failure:
        return _Decoded(damage=Damage.UNDECODABLE, says=str(failure))
    except MemoryError:
        return _Decoded(damage=Damage.UNDECODABLE, says="decoding takes too much memory")


def _again(fd: int) -> BinaryIO:
    """The same open file from its start, for container parsers that jump about."""
    os.lseek(fd, 0, os.SEEK_SET)
    return io.BufferedReader(io.FileIO(fd, closefd=False), buffer_size=SAMPLE_BYTES)


def _damage(name: bytes, passed: _Pass, decoded: _Decoded) -> tuple[Damage | None, str | None]:
    if passed.size == 0:
        return Damage.EMPTY, "the file has no bytes"
    is_no_media = passed.sniffed.kind not in MEDIA | {Kind.SIDECAR}
    if is_no_media and claims_media(name):
        return (
            Damage.UNDECODABLE,
            "named like media, but it does not begin like a picture, film or sound",
        )
    return decoded.damage, decoded.says


def _expect_same(before: os.stat_result, after: os.stat_result, size: int) -> None:
    told = (before.st_size, before.st_mtime_ns, before.st_ctime_ns)
    if told != (after.st_size, after.st_mtime_ns, after.st_ctime_ns):
        raise TornRead("size or times changed while the file was read")
    if size != before.st_size:
        raise TornRead(f"{size} bytes came out of a file of {before.st_size}")
