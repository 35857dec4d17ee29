"""Which picture each of Google Takeout's JSON files speaks about, within one folder.

Pure: names, and the title in the JSON, which is the name at upload. What Google does to names
was told by immich-go's and google-photos-takeout-helper's tests (ORIGINALS.md section 2.5):

    IMG_1.jpg        IMG_1.jpg.json, IMG_1.jpg.supplemental-metadata.json, cut anywhere
    IMG_1(2).jpg     IMG_1.jpg(2).json, IMG_1.jpg.supplemental-metadata(2).json: equal counters
    IMG_1-edited.jpg, IMG_1.MP4 beside IMG_1.HEIC      none of their own
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections import defaultdict
from typing import TYPE_CHECKING, Final

from indexer.grouping.names import bare, edit_base, folded
from indexer.model import Kind
from indexer.paths import to_str

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from indexer.catalog.rows import FactRow

_SUFFIX: Final = "supplemental-metadata"
_ENDING: Final = ".json"
# A JSON's name has at most 51 characters, ".json" and no counter among them. They are UTF-16's:
# immich-go's example of 22 emoji and one sign of two is cut at 46 of those.
_CUT: Final = 46
_COUNTER: Final = re.compile(r"(?P<stem>.+)(?P<counter>\(\d+\))(?P<rest>\.[^.]*)?$")
# What Google cut in a way of its own: original_<uuid>_.json for original_<uuid>_P(1).jpg.
_PRINTED: Final = re.compile(r"original_[0-9a-f-]{36}_")
_LONGEST_REST: Final = 10  # immich-go's
_FILM_PART: Final = re.compile(r"\.mp(?:~\d+)?$")

_Key = tuple[str, str]  # a folded name without counter, and the counter


def pairs(
    sidecars: Sequence[FactRow], media: Iterable[FactRow], title: Callable[[FactRow], str | None]
) -> Iterator[tuple[FactRow, FactRow]]:
    """(JSON, its picture) of one folder; a JSON that fits nothing, or several, is left out.

    The surest reading of all JSON names comes first, and what it found is lost to the next.
    """
    folder = _Folder(media)
    waiting = [(one, to_str(one.name), title(one)) for one in sidecars]
    taken: set[int] = set()
    for reading in _READINGS:
        found, rest = [], []
        for one, name, said in waiting:
            fitting = {m.file: m for m in reading(folder, name, said) if m.file not in taken}
            agreeing = [m for m in fitting.values() if agrees(said, to_str(m.name))]
            chosen = _only(agreeing, name, said)
            if chosen is None:
                rest.append((one, name, said))
            else:
                found.append((one, chosen))
        yield from found
        taken.update(chosen.file for _, chosen in found)
        waiting = rest


def agrees(title: str | None, name: str) -> bool:
    """Whether a file of this name can have had this title when it was uploaded.

    Takeout changes signs, adds counters and cuts; an unpacker may change letters that are no
    ASCII. What is left must be equal.
    """
    if not title or not (title.isascii() and name.isascii()):
        return True
    wanted = {_letters(text) for text in (title, bare(title), bare(html.unescape(title)))}
    stem = bare(name)
    own = {_letters(text) for text in (name, stem, edit_base(stem) or stem)}
    if wanted & own:
        return True
    if _units(stem) < _CUT - 1:
        return False
    return any(w.startswith(o) or o.startswith(w) for w in wanted for o in own)


def _letters(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", _uncounted(text.casefold())[0])


def _only(found: Sequence[FactRow], json_name: str, title: str | None) -> FactRow | None:
    """The one that is meant: spelled alike, or named so at upload, or else the only still."""
    if len(found) > 1:
        alike = [m for m in found if json_name.startswith(to_str(m.name))]
        titled = [m for m in found if title and folded(to_str(m.name)) == folded(title)]
        stills = [m for m in found if m.kind in (Kind.PICTURE, Kind.RAW)]
        found = alike or titled or stills or found
    return found[0] if len(found) == 1 else None


# --- names -------------------------------------------------------------------------------


def _uncounted(name: str) -> _Key:
    """IMG_1(2).jpg is ("IMG_1.jpg", "(2)")."""
    found = _COUNTER.match(name)
    return (found["stem"] + (found["rest"] or ""), found["counter"]) if found else (name, "")


def _meant(json_name: str) -> Iterator[str]:
    """The names that a picture may have whose JSON is called so; counters where they stood."""
    base = folded(json_name).removesuffix(_ENDING)
    yield base
    head, dot, tail = base.rpartition(".")
    if dot and head and _SUFFIX.startswith(tail):
        yield head


def _counted(json_name: str) -> Iterator[_Key]:
    """The same with the counter put where the picture has it."""
    base = folded(json_name).removesuffix(_ENDING)
    found = _COUNTER.match(base)
    if found and not found["rest"]:  # IMG_1.jpg(2), IMG_1.jpg.supplemental-metadata(2)
        for name in _meant(found["stem"] + _ENDING):
            yield name, found["counter"]
    else:
        for name in _meant(json_name):
            yield _uncounted(name)


def _cut(name: str) -> str | None:
    """The beginning that a JSON's name keeps of this one; None where nothing is cut."""
    units = name.encode("utf-16-le", "surrogatepass")
    if len(units) <= 2 * _CUT:
        return None
    return units[: 2 * _CUT].decode("utf-16-le", "ignore")


def _cuts(name: str) -> set[str]:
    """Cut as it stands, and as it would stand in the other form of Unicode."""
    forms = (unicodedata.normalize(form, name) for form in ("NFC", "NFD"))
    return {folded(cut) for form in forms if (cut := _cut(form)) is not None}


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _core(name: str) -> str:
    """What both halves of a Live or motion photo are called: without extension and .MP."""
    return _FILM_PART.sub("", bare(name))


# --- one folder --------------------------------------------------------------------------


class _Folder:
    """The pictures and films of one folder, by each name under which a JSON may mean them."""

    def __init__(self, media: Iterable[FactRow]) -> None:
        self.exact: dict[str, list[FactRow]] = defaultdict(list)
        self.counted: dict[_Key, list[FactRow]] = defaultdict(list)
        self.cut: dict[_Key, list[FactRow]] = defaultdict(list)
        self.stems: dict[_Key, list[FactRow]] = defaultdict(list)
        self.edited: dict[str, list[FactRow]] = defaultdict(list)
        self.films: dict[_Key, list[FactRow]] = defaultdict(list)
        self.printed: dict[str, list[FactRow]] = defaultdict(list)
        for one in media:
            self._add(one, folded(to_str(one.name)))

    def _add(self, one: FactRow, name: str) -> None:
        plain, counter = _uncounted(name)
        self.exact[name].append(one)
        self.counted[plain, counter].append(one)
        for cut in _cuts(plain):
            self.cut[cut, counter].append(one)
        self.stems[plain.rpartition(".")[0], counter].append(one)
        if not counter and (base := edit_base(bare(name))):
            self.edited[base].append(one)
        if one.kind is Kind.VIDEO:
            self.films[_core(plain), counter].append(one)
        if found := _PRINTED.match(name):
            self.printed[found[0]].append(one)


def _exactly(folder: _Folder, name: str, _: str | None) -> Iterator[FactRow]:
    for meant in _meant(name):
        yield from folder.exact.get(meant, ())


def _by_counter(folder: _Folder, name: str, _: str | None) -> Iterator[FactRow]:
    for key in _counted(name):
        yield from folder.counted.get(key, ())


def _by_beginning(folder: _Folder, name: str, _: str | None) -> Iterator[FactRow]:
    base = folded(name).removesuffix(_ENDING)
    yield from folder.cut.get((base, ""), ())
    found = _COUNTER.match(base)
    if found and not found["rest"]:
        yield from folder.cut.get((found["stem"], found["counter"]), ())


def _without_extension(folder: _Folder, name: str, _: str | None) -> Iterator[FactRow]:
    """Uploaded as "IMG_1"; Google added the extension to the picture alone."""
    for key in _counted(name):
        yield from folder.stems.get(key, ())


def _by_title(folder: _Folder, name: str, title: str | None) -> Iterator[FactRow]:
    if not title:
        return
    plain, (_, counter) = folded(title), next(_counted(name))
    if not counter:
        yield from folder.exact.get(plain, ())
    yield from folder.counted.get((plain, counter), ())
    for cut in _cuts(plain):
        yield from folder.cut.get((cut, counter), ())


def _edited(folder: _Folder, name: str, _: str | None) -> Iterator[FactRow]:
    """The picture that was edited is not here, what was made of it is."""
    for meant in _meant(name):
        yield from folder.edited.get(bare(meant), ())


def _live_film(folder: _Folder, name: str, _: str | None) -> Iterator[FactRow]:
    """The still is not here, its film is."""
    for meant, counter in _counted(name):
        yield from folder.films.get((_core(meant), counter), ())


def _printed(folder: _Folder, name: str, _: str | None) -> Iterator[FactRow]:
    base = folded(name).removesuffix(_ENDING)
    for one in folder.printed.get(base, ()):
        if len(bare(to_str(one.name))) - len(base) < _LONGEST_REST:
            yield one


_READINGS: Final = (
    *(_exactly, _by_counter, _by_beginning, _without_extension, _by_title),
    *(_edited, _live_film, _printed),
)
