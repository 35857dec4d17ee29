"""What a member still has of the camera's file, and what it lost beside the others.

Pure; ORIGINALS.md sections 3.1 (F3 to F5) and 3.2.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from indexer.grouping.size import has_clearly_fewer_pixels, is_smaller, pixels, same_shape
from indexer.model import Kind
from indexer.originals.habits import camera_of, size_of
from indexer.originals.structure import auxiliary_pictures, first_header, is_heif
from indexer.originals.vote import Remark

if TYPE_CHECKING:
    from collections.abc import Iterator

    from indexer.grouping.subject import Subject
    from indexer.originals.vote import Bench

# Coders work in blocks of up to 16 pixels, and some cameras name the size before or after.
_BLOCK_PX: Final = 16
_UPRIGHT: Final = (None, 1)
_LYING: Final = 5  # EXIF orientations from here on swap the sides
# What ExifTool warns of when somebody moved the notes within the file.
_MOVED: Final = ("Adjusted MakerNotes base", "incorrect maker notes offsets")
_MOTION_FLAGS: Final = ("XMP-GCamera:MotionPhoto", "XMP-GCamera:MicroVideo")
_TAIL_BYTES: Final = (
    *("XMP-GCamera:MotionPhotoOffset", "XMP-GCamera:MicroVideoOffset"),
    *("XMP-Container:DirectoryItemLength", "XMP-GContainer:ContainerDirectoryItemLength"),
)


def damage(subject: Subject, _bench: Bench) -> Iterator[Remark]:
    if subject.fact.damage is not None:
        says = f"It is {subject.fact.damage}: any whole file stands before it."
        yield Remark("damaged", says)


def _comparable(subject: Subject, bench: Bench) -> list[Subject]:
    """A RAW is compared with RAWs alone: its size and its notes depend on who reads it."""
    is_raw = subject.fact.kind is Kind.RAW
    return [rival for rival in bench.rivals if (rival.fact.kind is Kind.RAW) is is_raw]


# --- size --------------------------------------------------------------------------------


def rerendered(subject: Subject, bench: Bench) -> Iterator[Remark]:
    """F3: the size that the camera says it wrote is not the size that is here.

    Where all the others are smaller still, none of them can be what it was made from, so it is
    not ruled out for them: some cameras may name a size that they never write.
    """
    tags, fact = subject.tags, subject.fact
    if not (tags.exif_width and tags.exif_height and fact.width_px and fact.height_px):
        return
    said = sorted((tags.exif_width, tags.exif_height))
    sides = sorted((fact.width_px, fact.height_px))
    if fact.kind is not Kind.PICTURE or all(
        abs(a - b) <= _BLOCK_PX for a, b in zip(said, sides, strict=True)
    ):
        return
    is_largest = bool(bench.peers) and all(is_smaller(peer, subject) for peer in bench.peers)
    yield Remark(
        "other-size" if is_largest else "rerendered",
        f"The camera wrote {tags.exif_width} x {tags.exif_height} pixels; this file has "
        f"{fact.width_px} x {fact.height_px}, so a program made it anew.",
    )


def size(subject: Subject, bench: Bench) -> Iterator[Remark]:
    """Fewer pixels than a rival of its kind, or a size that its camera never writes."""
    largest = max(_comparable(subject, bench), key=pixels, default=None)
    if largest is None:
        return
    mine, theirs = _sides(subject), _sides(largest)
    if is_smaller(subject, largest):
        yield Remark("smaller", f"It has {mine} pixels, fewer than {theirs}.")
    elif _is_strange(subject, bench) and pixels(subject) < pixels(largest):
        yield Remark("strange-size", f"It has {mine} pixels, a size that this camera never writes.")


def _is_strange(subject: Subject, bench: Bench) -> bool:
    usual = bench.habits.sizes.get(camera_of(subject) or "", frozenset())
    return bool(usual) and subject.fact.kind is Kind.PICTURE and size_of(subject) not in usual


def is_clearly_larger(one: Subject, than: Subject) -> bool:
    """Whether it has more pixels than a copy of the other could have."""
    return has_clearly_fewer_pixels(than, one)


def _sides(subject: Subject) -> str:
    return f"{subject.fact.width_px} x {subject.fact.height_px}"


def turned(subject: Subject, bench: Bench) -> Iterator[Remark]:
    """Pixels turned upright, where a rival still lies as the sensor saw it."""
    if is_heif(subject):
        return
    is_upright = subject.fact.orientation in _UPRIGHT and any(
        _lies(rival) and _are_crossed(subject, rival) for rival in bench.rivals
    )
    if is_upright or (is_crossed(subject) and any(_is_as_told(r, subject) for r in bench.rivals)):
        says = "Its pixels were turned; another still lies as the sensor saw it."
        yield Remark("turned", says)


def _lies(subject: Subject) -> bool:
    """Whether it lies as a camera held upright leaves it, and not because somebody turned it."""
    if is_heif(subject) or subject.camera is None or is_crossed(subject):
        return False
    if first_header(subject) == "jfif":
        return False
    return (subject.fact.orientation or 1) >= _LYING


def is_crossed(subject: Subject) -> bool:
    """Whether its sides are those that the camera says it wrote, exchanged."""
    tags, fact = subject.tags, subject.fact
    if not (tags.exif_width and tags.exif_height and fact.width_px and fact.height_px):
        return False
    is_other = (tags.exif_width > tags.exif_height) != (fact.width_px > fact.height_px)
    return is_other and abs(fact.width_px - tags.exif_height) <= _BLOCK_PX


def _is_as_told(one: Subject, of: Subject) -> bool:
    """Whether it has the sides, in their order, that the camera told both."""
    told = (of.tags.exif_width, of.tags.exif_height)
    return (one.tags.exif_width, one.tags.exif_height) == told and _are_crossed(of, one)


def _are_crossed(one: Subject, other: Subject) -> bool:
    """Whether one is upright where the other lies."""
    a, b = one.fact, other.fact
    if not (a.width_px and a.height_px and b.width_px and b.height_px):
        return False
    crossed = (a.width_px > a.height_px) != (b.width_px > b.height_px)
    return crossed and same_shape(one, other)


# --- metadata ----------------------------------------------------------------------------


def maker_notes(subject: Subject, bench: Bench) -> Iterator[Remark]:
    """The camera's own notes: hard to keep, impossible to make."""
    has, rivals = subject.tags.has_maker_note, _comparable(subject, bench)
    if has and any(not rival.tags.has_maker_note for rival in rivals):
        says = "It still has the camera's maker notes, which others of this shot lost."
        yield Remark("maker-notes-kept", says)
    if not has and any(rival.tags.has_maker_note for rival in rivals):
        says = "It lost the camera's maker notes, which another of this shot has."
        yield Remark("maker-notes-lost", says)
    if has and _are_moved(subject) and any(not _are_moved(rival) for rival in rivals):
        says = "Another program moved its maker notes without putting their addresses right."
        yield Remark("maker-notes-moved", says)


def _are_moved(subject: Subject) -> bool:
    return any(words in (subject.tags.warning or "") for words in _MOVED)


def record(subject: Subject, bench: Bench) -> Iterator[Remark]:
    """What the camera recorded of time and place, where others of the shot lost it."""
    rivals = _comparable(subject, bench)
    if not subject.has_metadata and any(rival.has_metadata for rival in rivals):
        says = "It names neither camera nor time, while another of this shot does."
        yield Remark("no-metadata", says)
    if any(_time_digits(subject) > _time_digits(rival) for rival in rivals):
        says = "Its time has a fraction of a second or a zone that others of this shot lost."
        yield Remark("exact-time", says)
    if subject.tags.latitude is not None and any(r.tags.latitude is None for r in rivals):
        yield Remark("place", "It still knows where it was taken.")
    if subject.tags.content_identifier and any(not r.tags.content_identifier for r in rivals):
        yield Remark("live-identifier", "It still knows the film of its Live Photo.")


def _time_digits(subject: Subject) -> int:
    time = subject.own_time
    return 0 if time is None else len(time.fraction) + (time.offset_min is not None)


def auxiliaries(subject: Subject, bench: Bench) -> Iterator[Remark]:
    """Gain maps, depth and mattes, which most converters drop."""
    own = auxiliary_pictures(subject)
    if own and any(not auxiliary_pictures(rival) for rival in _comparable(subject, bench)):
        says = "It still has the pictures for HDR or depth that the camera put beside it."
        yield Remark("auxiliary-pictures", says)


def silent(subject: Subject, bench: Bench) -> Iterator[Remark]:
    """No record at all beside a camera's of the same size: whoever strips a file saves it anew."""
    if subject.fact.kind is not Kind.PICTURE or subject.has_metadata:
        return
    if any(_speaks_for(rival, subject) for rival in bench.rivals):
        says = "It names neither camera nor time, and another that does is no smaller: a copy."
        yield Remark("silent", says)


def _speaks_for(one: Subject, of: Subject) -> bool:
    return one.is_still and one.camera is not None and not is_clearly_larger(of, one)


# --- motion photos -----------------------------------------------------------------------


def motion(subject: Subject, bench: Bench) -> Iterator[Remark]:
    """F5: a flag of a motion photo whose film is gone; the copy with the film stands before it."""
    if has_film(subject) and any(not has_film(peer) for peer in bench.peers):
        yield Remark("film-kept", "It still carries the film of its motion photo.")
    lost_beside = not has_film(subject) and any(has_film(peer) for peer in bench.peers)
    if _claims_film(subject) and (lost_beside or _is_too_short(subject)):
        yield Remark(
            "film-cut-off", "It says that a film follows the picture, but somebody cut it off."
        )


def has_film(subject: Subject) -> bool:
    """Whether the film of a motion photo is still there."""
    return subject.is_still and subject.fact.tail is not None


def _claims_film(subject: Subject) -> bool:
    return any(subject.tags.all.get(flag) == "1" for flag in _MOTION_FLAGS)


def _is_too_short(subject: Subject) -> bool:
    """Whether the film that is told of is longer than the file."""
    told = (subject.tags.all.get(key, "").rpartition(";")[2].strip() for key in _TAIL_BYTES)
    return any(text.isdecimal() and int(text) >= subject.fact.size for text in told)
