"""Who else wrote a member: editors, exporters, messengers, libraries, Windows.

Pure; ORIGINALS.md sections 3.1 (F7), 3.2 and 3.4.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from indexer.capture_time.moment import parse
from indexer.grouping.photos_library import Place
from indexer.model import Kind
from indexer.originals.richness import genuine, written_later
from indexer.originals.software import Software, kind_of, programs_of
from indexer.originals.vote import Remark
from indexer.paths import to_str

if TYPE_CHECKING:
    from collections.abc import Iterator

    from indexer.grouping.subject import Subject
    from indexer.model import Tags
    from indexer.originals.vote import Bench

_SMALL_COPY: Final = re.compile(
    r"(?P<base>.+?)[-_ .](?:medium|thumb|thumbnail|small|preview|lowres|web|resized?|compressed)"
)
# FastFoto scans a print three times: as it is, enhanced, and its back (row 52).
_SCAN_COPY: Final = re.compile(r"(?P<base>.+)_[ab]")
_SCANNER: Final = re.compile(r"fastfoto|epson", re.IGNORECASE)
_MESSENGER_NAME: Final = re.compile(
    r"(?:img|vid)-\d{8}-wa\d{4}|fb_img_\d+|received_\d{6,}|mmexport\d{10,}|"
    r"signal-\d{4}-\d\d-\d\d|photo_\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d|snapchat-\d+|"
    r"\d{4,}_\d{6,}_\d+_[no]\b|whatsapp (?:image|video) \d{4}",
    re.IGNORECASE,
)
_CAMERA_FOLDER: Final = re.compile(r"(?:^|/)dcim/\d{3}\w{5}(?:/|$)", re.IGNORECASE)
_EXPORT_FOLDER: Final = re.compile(
    r"(?:^|/)(?:exports?|whatsapp(?: images| video)?|facebook|instagram|telegram|downloads?|"
    r"\.?thumbnails)(?:/|$)",
    re.IGNORECASE,
)
_SAVED_LATER: Final = timedelta(seconds=5)
_ZONE_STEP: Final = timedelta(minutes=15)
_MADE_BY_MODEL: Final = re.compile(r"trainedAlgorithmicMedia", re.IGNORECASE)
_TRUE: Final = frozenset({"true", "1"})


def names(subject: Subject, bench: Bench) -> Iterator[Remark]:
    """F7: names and places that programs give to what they made of another file."""
    if subject.is_edit:
        says = "Its name or place is one that programs give to an edited version."
        yield Remark("edited", says)
    if subject.is_preview:
        yield Remark("library-preview", "A Photos library made it for the screen.")
    others = {bare for peer in bench.peers for bare in _bare_names(peer)}
    if _is_named_after(subject, others, _SMALL_COPY):
        yield Remark("named-copy", "Its name says that it is a smaller copy of another file here.")
    if _is_scan(subject) and _is_named_after(subject, others, _SCAN_COPY):
        yield Remark("scan-copy", "The scanner made it beside the plain scan.")


def _bare_names(subject: Subject) -> Iterator[str]:
    for file in subject.files:
        name = to_str(file.name).casefold()
        yield name.rpartition(".")[0] or name


def _is_named_after(subject: Subject, others: set[str], pattern: re.Pattern[str]) -> bool:
    found = (pattern.fullmatch(bare) for bare in _bare_names(subject))
    return any(match is not None and match["base"] in others for match in found)


def _is_scan(subject: Subject) -> bool:
    named = (subject.tags.make or "", *programs_of(subject.tags))
    return any(_SCANNER.search(name) for name in named)


def software(subject: Subject, _bench: Bench) -> Iterator[Remark]:
    """The programs that the tags name, the worst of them first."""
    if subject.fact.kind is Kind.RAW:  # editors write their name into a DNG and leave its data
        return
    kinds = {kind_of(name, subject.tags.make): name for name in programs_of(subject.tags)}
    if name := kinds.get(Software.EDITOR) or kinds.get(Software.MESSENGER):
        yield Remark("saved-by-editor", f"{name} saved it, not a camera.")
    elif name := kinds.get(Software.VIEWER):
        yield Remark("touched", f"{name} wrote into it.")
    elif name := kinds.get(Software.FIRMWARE):
        yield Remark("firmware", f"It names the camera's own software ({name}).")


def history(subject: Subject, _bench: Bench) -> Iterator[Remark]:
    """An editor's log of what was done, or a developer's settings that were applied."""
    if subject.fact.kind is Kind.RAW:
        return
    tags = subject.tags
    if tags.derived_from or _was_converted(tags):
        yield Remark("history", "An editor's log in it tells that it was made from another file.")
    elif tags.all.get("XMP-crs:AlreadyApplied", "").lower() in _TRUE:
        yield Remark("history", "It was developed: an editor's settings are applied to it.")


def _was_converted(tags: Tags) -> bool:
    """Saving metadata alone is logged too, as a change of "/metadata"."""
    done = tags.all.get("XMP-xmpMM:HistoryAction", "").lower()
    changed = {part.strip() for part in tags.all.get("XMP-xmpMM:HistoryChanged", "").split(";")}
    return "derived" in done or "converted" in done or ("saved" in done and "/" in changed)


def saved_later(subject: Subject, _bench: Bench) -> Iterator[Remark]:
    """ModifyDate well after the exposure; equal times prove nothing."""
    tags = subject.tags.all
    taken = parse(tags.get("ExifIFD:DateTimeOriginal", ""))
    saved = parse(tags.get("IFD0:ModifyDate", ""))
    if subject.fact.kind is not Kind.PICTURE or taken is None or saved is None:
        return
    later = (
        saved.clock - taken.clock - timedelta(seconds=_exposure(tags.get("ExifIFD:ExposureTime")))
    )
    # Some phones keep the two times in two zones.
    is_zone = later < timedelta(days=1) and later % _ZONE_STEP <= _SAVED_LATER
    if later > _SAVED_LATER and not is_zone:
        yield Remark("saved-later", f"It was saved again later, on {saved.iso()[:10]}.")


def _exposure(text: str | None) -> float:
    try:
        return min(max(float(text or 0), 0.0), 3600.0)
    except ValueError:
        return 0.0


def declared_source(subject: Subject, _bench: Bench) -> Iterator[Remark]:
    """IPTC's DigitalSourceType: made by a camera or by a model."""
    said = subject.tags.all.get("XMP-iptcExt:DigitalSourceType", "")
    if _MADE_BY_MODEL.search(said):
        yield Remark("made-by-model", "It says that artificial intelligence made or changed it.")
    elif said.endswith("digitalCapture"):
        yield Remark("digital-capture", "It says that a camera made it.")


def messengers(subject: Subject, _bench: Bench) -> Iterator[Remark]:
    """Facebook's mark, and names that messengers give to what they made smaller."""
    if subject.tags.all.get("IPTC:SpecialInstructions", "").startswith("FBMD"):
        yield Remark("messenger", "It carries Facebook's mark.")
    # What was sent as a document keeps its notes.
    elif not subject.tags.has_maker_note and any(map(_MESSENGER_NAME.match, _bare_names(subject))):
        yield Remark("messenger", "A messenger named it, and they send smaller copies.")


def imported(subject: Subject, bench: Bench) -> Iterator[Remark]:
    """Photos keeps what was imported as it came; what leaves it gets captions and keywords."""
    is_kept = any(asset.place is Place.ORIGINAL for asset in subject.assets)
    if bench.peers and is_kept and not subject.is_edit:
        says = "A Photos library keeps it among its originals, as it was imported."
        yield Remark("imported", says)


def folders(subject: Subject, bench: Bench) -> Iterator[Remark]:
    """A card's own folders, and those where copies gather."""
    paths = [to_str(file.folder_path) for file in subject.files]
    if not bench.rivals:
        return
    if any(map(_CAMERA_FOLDER.search, paths)):
        yield Remark("camera-folder", "It lies in a folder as cameras make them.")
    elif all(map(_EXPORT_FOLDER.search, paths)):
        yield Remark("export-folder", "It lies in a folder where copies gather.")


def rewritten(subject: Subject, bench: Bench) -> Iterator[Remark]:
    """Metadata that was padded or added to, beside a copy that was left alone."""
    is_padded = any(key.endswith(":OffsetSchema") for key in subject.tags.all)
    if bench.peers and is_padded:
        yield Remark("windows-rewrote", "Windows rewrote its metadata.")
    if any(_is_untouched_twin(rival, subject) for rival in bench.rivals):
        says = "Somebody wrote into its metadata; another holds the same picture data untouched."
        yield Remark("annotated", says)


def _is_untouched_twin(one: Subject, of: Subject) -> bool:
    if one.fact.payload is None or one.fact.payload != of.fact.payload:
        return False
    return written_later(one) < written_later(of) and genuine(one) >= genuine(of)
