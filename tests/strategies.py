"""Generated names, facts and libraries: small worlds in which everything collides."""

from __future__ import annotations

import string
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from blake3 import blake3
from builders import Catalog, reading
from hypothesis import strategies as st

from indexer.catalog import facts
from indexer.model import (
    Damage,
    Film,
    Fingerprint,
    Kind,
    Picture,
    Reading,
    RootRole,
    Tags,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# What breaks on some system: reserved, too long once normalised, cut inside a character.
NASTY = (
    "CON.jpg", "con", "nul .txt", "aux.tar.gz", "com1.JPG", "COM¹", "CONIN$.mov", "._a.jpg", " ", "...",
    "a.", "a ", ".jpg", "a\nb.jpg", 'a<b>c:"d|e?*\\.jpg', "é.jpg", "e\u0301.jpg", "\uff21\uff22.jpg",
    "straße.jpg", "STRASSE.JPG", "\u212aelvin.m\u212av", "\u0958" * 80 + ".jpg", "x" * 251 + ".jpg",
    "é" * 125 + ".heic", "IMG_1.JPG", "img_1.jpg", "IMG_1.HEIC", "IMG_1 (1).JPG", "IMG_E1234.JPG",
    "2018.04.12", "a." + "b" * 250, "jpg", "\u202egpj.exe", "👨‍👩‍👧.png", "a\u0338.jpg", "<\u0338.jpg",
)  # fmt: skip

_BYTES = st.binary(min_size=1, max_size=255)
_TEXTS = st.text(min_size=1, max_size=120).map(lambda s: s.encode("utf-8", "surrogatepass"))


def _is_a_name(name: bytes) -> bool:
    return b"/" not in name and b"\0" not in name and name not in (b".", b"..", b"")


def names() -> st.SearchStrategy[bytes]:
    """Any name a Linux disk may hold."""
    wild = st.one_of(_BYTES, _TEXTS).map(lambda name: name[:255])
    return st.one_of(wild, st.sampled_from([n.encode()[:255] for n in NASTY])).filter(_is_a_name)


def texts() -> st.SearchStrategy[str]:
    """Any text, lone surrogates among them: what ExifTool's answers decode to."""
    return st.one_of(
        st.text(max_size=40),
        st.binary(max_size=40).map(lambda b: b.decode("utf-8", "surrogateescape")),
    )


# ------------------------------------------------------------------ libraries

_STEMS = (
    "IMG_0001",
    "img_0001",
    "IMG_0002",
    "IMG_E0001",
    "IMG_0001 (1)",
    "IMG_0001_edited",
    "x" * 246,
)
_ENDINGS = ("JPG", "jpg", "HEIC", "NEF", "MOV", "AAE", "xmp", "JPG.json", "JPG.xmp", "txt")
_TIMES = (
    "2019:07:14 16:02:11",
    "2019:07:14 16:02:12",
    "2021:01:01 10:00:00",
    "0000:00:00 00:00:00",
    "2000:01:01 00:00:00",
    "rubbish",
)


@dataclass(frozen=True, slots=True)
class Content:
    """One content of a generated library."""

    number: int
    tags: Tags | None
    payload: bytes | None
    damage: Damage | None
    pixels: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class Seen:
    """One file of a generated library; its content's type is what its name says."""

    root: int
    folder: str
    name: str
    content: int
    state: str

    @property
    def path(self) -> str:
        """Relative to the root."""
        return f"{self.folder}/{self.name}" if self.folder else self.name


@dataclass(frozen=True, slots=True)
class Library:
    """Some roots, their files, and what reading them gave."""

    files: tuple[Seen, ...]
    contents: dict[int, Content]
    roles: tuple[RootRole, ...]

    def reading(self, seen: Seen) -> tuple[Reading, Tags | None]:
        """What reading a file gave. Equal bytes have one type, whatever the names say."""
        content = self.contents[seen.content]
        # Equal bytes are of one type: that of the first name, in an order of its own.
        told = min(
            (f.name for f in self.files if f.content == seen.content), key=lambda n: (len(n), n)
        )
        made = reading(told, content.number, damage=content.damage)
        if content.payload:
            # Picture data never equals sound or film.
            made = replace(made, payload=blake3(content.payload + made.kind.encode()).digest())
        if content.damage is Damage.EMPTY:
            made = replace(made, size=0)
        if content.damage:
            made = replace(made, damage_says="it is broken")
        if content.pixels and made.kind in (Kind.PICTURE, Kind.RAW):
            made = replace(made, picture=Picture(*content.pixels, None, None))
        is_media = made.kind not in (Kind.SIDECAR, Kind.OTHER)
        return made, (content.tags or Tags()) if is_media else None


def _or_none(values: st.SearchStrategy[str]) -> st.SearchStrategy[str | None]:
    return st.none() | values


@st.composite
def tags(draw: st.DrawFn) -> Tags:
    """Tags of few cameras, few instants and few identifiers."""
    everything = {}
    for tag, values in (
        ("ExifIFD:DateTimeOriginal", st.sampled_from(_TIMES)),
        ("ExifIFD:SubSecTimeOriginal", st.sampled_from(("1", "12", "2", " "))),
        ("ExifIFD:OffsetTimeOriginal", st.sampled_from(("+02:00", "Z", "   :  "))),
        ("XMP-xmp:CreateDate", st.sampled_from(_TIMES)),
        ("QuickTime:CreateDate", st.sampled_from(_TIMES)),
    ):
        value = draw(_or_none(values))
        if value is not None:
            everything[tag] = value
    return Tags(
        make=draw(_or_none(st.sampled_from(("Apple", "APPLE", "Canon", "\xa0", "CON")))),
        model=draw(_or_none(st.sampled_from(("iPhone 12", "IPHONE 12", "Canon EOS 6D", "a/b")))),
        software=draw(_or_none(st.sampled_from(("16.1", "GIMP 2.10")))),
        content_identifier=draw(_or_none(st.sampled_from(("LIVE-1", "LIVE-2")))),
        burst_uuid=draw(_or_none(st.just("BURST"))),
        has_maker_note=draw(st.booleans()),
        all=everything,
    )


@st.composite
def contents(draw: st.DrawFn, number: int) -> Content:
    """What one of the few contents is."""
    return Content(
        number,
        draw(st.none() | tags()),
        draw(st.sampled_from((None, None, b"p" * 32, b"q" * 32))),
        draw(
            st.sampled_from(
                (None, None, None, None, Damage.TRUNCATED, Damage.EMPTY, Damage.UNDECODABLE)
            )
        ),
        draw(st.sampled_from((None, (4032, 3024), (2016, 1512), (3024, 4032)))),
    )


@st.composite
def seen_files(draw: st.DrawFn, numbers: int) -> Seen:
    """A file of a few roots, folders, names and contents."""
    return Seen(
        draw(st.integers(0, 1)),
        draw(st.sampled_from(("", "DCIM", "DCIM/100APPLE", "dcim", "Copy"))),
        f"{draw(st.sampled_from(_STEMS))}.{draw(st.sampled_from(_ENDINGS))}",
        draw(st.integers(1, numbers)),
        draw(st.sampled_from(("present",) * 6 + ("unreadable", "excluded"))),
    )


@st.composite
def libraries(draw: st.DrawFn, most_files: int = 12) -> Library:
    """A small library in which names, contents, instants and identifiers meet."""
    numbers = draw(st.integers(1, 7))
    files = draw(
        st.lists(seen_files(numbers), max_size=most_files, unique_by=lambda f: (f.root, f.path))
    )
    return Library(
        tuple(files),
        {number: draw(contents(number)) for number in range(1, numbers + 1)},
        (RootRole.LIBRARY, draw(st.sampled_from((RootRole.LIBRARY, RootRole.BACKUP)))),
    )


@contextmanager
def catalog_of(library: Library) -> Iterator[Catalog]:
    """A catalog in which this library was just read; not derived yet."""
    with tempfile.TemporaryDirectory() as folder:
        made = Catalog(Path(folder))
        try:
            for number, role in enumerate(library.roles):
                made.root(f"root{number}", role)
            put(made, library, library.files)
            yield made
        finally:
            made.close()


def put(catalog: Catalog, library: Library, files: Iterable[Seen], **changes: object) -> None:
    """Write down what reading these files of a library gave; its roots are there."""
    roots = {root.label: root.id for root in facts.roots(catalog.db)}
    with catalog.db:
        for seen in files:
            read, tags = library.reading(seen)
            root = roots[b"root%d" % seen.root]
            catalog.put(root, seen.path, read, tags, state=seen.state, **changes)


# ------------------------------------------------------------------ rows

_DIGESTS = st.binary(min_size=32, max_size=32)
_FLOATS = st.floats(allow_nan=False, allow_infinity=False, width=64)


@st.composite
def fingerprints(draw: st.DrawFn) -> Fingerprint:
    """How some picture looks."""
    thumb = draw(st.binary(min_size=3, max_size=3)) * 1024
    return Fingerprint(
        draw(_DIGESTS), draw(_DIGESTS), thumb, draw(_FLOATS), draw(st.floats(0, 127))
    )


@st.composite
def any_readings(draw: st.DrawFn) -> Reading:
    """What one read may give."""
    sides = st.integers(1, 2**31)
    damage = draw(st.sampled_from((None, Damage.EMPTY, Damage.TRUNCATED, Damage.UNDECODABLE)))
    return Reading(
        draw(_DIGESTS),
        draw(st.integers(0, 2**60)),
        draw(st.text(string.ascii_lowercase + "/-+.", min_size=1)),
        draw(st.sampled_from(Kind)),
        draw(st.text(string.ascii_lowercase, max_size=5)),
        draw(st.none() | _DIGESTS),
        draw(st.none() | _DIGESTS),
        draw(
            st.none()
            | st.builds(
                Picture, sides, sides, st.none() | st.integers(1, 8), st.none() | fingerprints()
            )
        ),
        draw(
            st.none()
            | st.builds(
                Film,
                st.none() | st.integers(0, 2**40),
                st.none() | st.sampled_from(("h264", "hevc")),
                st.none() | st.floats(0.001, 1000),
            )
        ),
        damage,
        None if damage is None else draw(st.none() | st.text(max_size=20)),
    )


@st.composite
def any_tags(draw: st.DrawFn) -> Tags:
    """Tags with any text in them."""
    words = [draw(st.none() | texts()) for _ in range(10)]
    sizes = [draw(st.none() | st.integers(1, 999_999_999)) for _ in range(2)]
    place = [draw(st.none() | st.floats(-180, 180)) for _ in range(2)]
    return Tags(
        *words, *sizes, *place, draw(st.booleans()), draw(st.none() | texts()),
        draw(st.dictionaries(texts(), texts(), max_size=5)),
    )  # fmt: skip
