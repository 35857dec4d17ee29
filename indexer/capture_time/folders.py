"""Dates in the names of folders: never a capture time, but what to suggest where none is known.

Pure: the folders above a file in, at most one date out. People sort by year, month and day;
Takeout has "Photos from 2019". Facts: ORIGINALS.md section 1.7.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from indexer.capture_time.moment import parse
from indexer.capture_time.names import date_in_name

if TYPE_CHECKING:
    from indexer.capture_time.moment import Moment

_YEAR: Final = r"(?P<year>(?:19|20)\d\d|18[3-9]\d)"
_MONTH: Final = r"(?P<month>0[1-9]|1[0-2])"
_DAY: Final = r"(?P<day>0[1-9]|[12]\d|3[01])"
_NO_DIGIT: Final = r"(?!\d)"
# From the most telling to the least; each is tried on the path from its end.
_NESTED: Final = (
    re.compile(rf"(?:^|/){_YEAR}/(?:(?P=year)[-_.])?{_MONTH}(?:/|[-_.]){_DAY}$", re.ASCII),
    re.compile(rf"(?:^|/){_YEAR}/(?:(?P=year)[-_.])?{_MONTH}$", re.ASCII),
)
_MONTHLY: Final = re.compile(rf"^{_YEAR}[-_.]{_MONTH}(?:[-_. ]{_DAY})?{_NO_DIGIT}", re.ASCII)
_YEARLY: Final = re.compile(rf"(?<![\w.+-]){_YEAR}(?![\w.])", re.ASCII)
_NUMBER: Final = re.compile(r"\d{3,}", re.ASCII)


@dataclass(frozen=True, slots=True)
class FolderDate:
    """What the folders' names say about time."""

    iso: str  # "2007", "2007-05" or "2007-05-03"
    name: str  # of the folder, or of those that say it together
    says: str

    @property
    def year(self) -> int:
        """The year."""
        return int(self.iso[:4])

    @property
    def moment(self) -> Moment | None:
        """The day, where it is told."""
        return parse(self.iso)


def date_in_folders(path: str) -> FolderDate | None:
    """The date in the innermost folder that has one; `path` has slashes."""
    parts = [part for part in path.split("/") if part]
    while parts:
        found = _nested("/".join(parts)) or _single(parts[-1])
        if found is not None:
            return found
        parts.pop()
    return None


def _nested(path: str) -> FolderDate | None:
    for form in _NESTED:
        if match := form.search(path):
            said = match[0].strip("/")
            return _made(match, said, "the folders that it lies in are named")
    return None


def _single(name: str) -> FolderDate | None:
    says = "the folder that it lies in is named"
    day = date_in_name(name)
    if day is not None:
        return FolderDate(day.moment.clock.date().isoformat(), name, says)
    if match := _MONTHLY.search(name):
        return _made(match, name, says)
    # One year and no other number: "Rome 2007", "Photos from 2007".
    if (match := _YEARLY.search(name)) and len(_NUMBER.findall(name)) == 1:
        return _made(match, name, says)
    return None


def _made(match: re.Match[str], name: str, says: str) -> FolderDate:
    parts = match.groupdict()
    iso = "-".join(part for word in ("year", "month", "day") if (part := parts.get(word)))
    return FolderDate(iso if len(iso) < len("2007-05-03") or parse(iso) else iso[:7], name, says)
