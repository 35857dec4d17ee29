"""A built-in file that is open."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mediafs.vfs.reading import Bytes


class OpenText:
    """A built-in file, open; the same questions as OpenFile's."""

    is_as_before = True

    def __init__(self, text: bytes) -> None:
        self._text = text
        self.size = len(text)

    async def read(self, offset: int, size: int) -> Bytes:
        """Up to `size` bytes at `offset`."""
        return self._text[offset : offset + size]

    def fileno(self) -> None:
        """It has no source."""

    def release(self) -> None:
        """Nothing to close."""
