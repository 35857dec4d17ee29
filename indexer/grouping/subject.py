"""A subject is what grouping compares: one content with all its files and what they say.

Equal files are one subject from the start, so identical bytes never need an edge.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from indexer.capture_time.clue import Trust
from indexer.grouping.names import Family, Mark, bare, family, is_copy_name, is_proxy_name
from indexer.grouping.photos_library import Asset, Place, asset_of
from indexer.model import MEDIA, Damage, Kind
from indexer.paths import to_str

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from indexer.capture_time.clue import Clue
    from indexer.capture_time.moment import Moment
    from indexer.catalog.rows import FactRow
    from indexer.model import ContentId, Tags


@dataclass(frozen=True)  # no slots: cached_property
class Subject:
    """One content; `files` are its copies, the one that stands for it first."""

    content: ContentId
    files: tuple[FactRow, ...]
    tags: Tags
    clues: tuple[Clue, ...]

    @property
    def fact(self) -> FactRow:
        """The copy that stands for all."""
        return self.files[0]

    @cached_property
    def camera(self) -> str | None:
        """The model, however its maker is spelled; None where the file names no camera."""
        return camera_named(self.tags.make, self.tags.model)

    @property
    def is_recorded(self) -> bool:
        """Whether it still has the camera's record: which one, and when."""
        return self.camera is not None and self.own_time is not None

    @cached_property
    def own_time(self) -> Moment | None:
        """The camera's own record of the exposure, without help from other files."""
        return self._best_time(Trust.CERTAIN)

    @cached_property
    def told_time(self) -> Moment | None:
        """The same, or else what a converter kept of it or a phone put into the name."""
        return self.own_time or self._best_time(Trust.LIKELY)

    def _best_time(self, trust: Trust) -> Moment | None:
        usable = [c for c in self.clues if c.rejected is None and c.trust is trust]
        best = min(usable, key=lambda clue: clue.rank, default=None)
        return best.moment if best else None

    @cached_property
    def stems(self) -> frozenset[str]:
        """What the names of all copies come down to."""
        return frozenset(known.stem for known in self._families)

    @cached_property
    def bare_names(self) -> frozenset[str]:
        """The names of all copies without their extensions; nothing else is peeled."""
        return frozenset(bare(to_str(file.name)) for file in self.files)

    @cached_property
    def places(self) -> frozenset[tuple[int, str]]:
        """Folder and stem of each copy."""
        return frozenset(
            (file.folder, known.stem)
            for file, known in zip(self.files, self._families, strict=True)
        )

    @cached_property
    def marks(self) -> frozenset[Mark]:
        """What the names of all copies say it is."""
        return frozenset(mark for known in self._families for mark in known.marks)

    @cached_property
    def _families(self) -> tuple[Family, ...]:
        return tuple(family(to_str(file.name)) for file in self.files)

    @cached_property
    def assets(self) -> frozenset[Asset]:
        """Its places in Apple Photos libraries."""
        return frozenset(asset for file in self.files if (asset := asset_of(file)))

    @cached_property
    def is_edit(self) -> bool:
        """Whether a copy is named or placed as programs name and place an edited version.

        One is enough: an edit that was imported again has a plain name there.
        """
        return Mark.EDIT in self.marks or any(a.place is Place.RENDER for a in self.assets)

    @cached_property
    def is_preview(self) -> bool:
        """Whether all copies are named or placed as what was made for a screen or the mail."""
        return all(
            Mark.PREVIEW in known.marks
            or is_proxy_name(to_str(file.name))
            or ((asset := asset_of(file)) is not None and asset.place is Place.DERIVATIVE)
            for file, known in zip(self.files, self._families, strict=True)
        )

    @property
    def is_still(self) -> bool:
        """A picture of any format."""
        return self.fact.kind in (Kind.PICTURE, Kind.RAW)

    @property
    def has_metadata(self) -> bool:
        """Whether a camera or a person left a trace in it, even where pixels are lost."""
        return self.camera is not None or self.own_time is not None

    @property
    def is_worth_a_shot(self) -> bool:
        """Media that shows something, or at least says when it was taken."""
        if self.fact.kind not in MEDIA or self.fact.damage is Damage.EMPTY:
            return False
        return self.fact.damage is not Damage.UNDECODABLE or self.own_time is not None


def camera_named(make: str | None, model: str | None) -> str | None:
    """The model, however its maker is spelled; None where no camera is named."""
    make, model = (make or "").casefold(), (model or "").casefold()
    if not model:
        return make.strip() or None
    # "NIKON CORPORATION", "NIKON D70": the model often repeats the maker's first word.
    brand = make.split()[0] if make.strip() else ""
    return " ".join(model.split()).removeprefix(f"{brand} ")


def device_named(make: str | None, model: str | None, serial: str | None) -> str | None:
    """One camera among those of its model, as far as its files tell; None where none is named."""
    camera = camera_named(make, model)
    return camera and f"{camera} {serial or ''}"


def subjects_of(
    facts: Iterable[FactRow],
    tags: Mapping[ContentId, Tags],
    clues: Mapping[ContentId, tuple[Clue, ...]],
    empty: Tags,
) -> list[Subject]:
    """One subject a content, in an order that does not depend on the scan's."""
    by_content: dict[ContentId, list[FactRow]] = {}
    for fact in facts:
        by_content.setdefault(fact.content, []).append(fact)
    made = [
        Subject(content, _in_order(files), tags.get(content, empty), clues.get(content, ()))
        for content, files in by_content.items()
    ]
    return sorted(made, key=lambda subject: subject.fact.blake3)


def _in_order(files: Sequence[FactRow]) -> tuple[FactRow, ...]:
    return tuple(sorted(files, key=preference))


def preference(fact: FactRow) -> tuple[object, ...]:
    """Which of equal copies stands for all: honest extension, plain name, oldest, short path."""
    name = to_str(fact.name)
    return (
        fact.root_role.value == "backup",
        name.casefold().rpartition(".")[2] != fact.extension,
        is_copy_name(name),
        fact.mtime_ns,
        len(fact.folder_path) + len(fact.name),
        fact.folder_path,
        fact.name,
        fact.root_path,
    )
