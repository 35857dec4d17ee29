"""Names that systems probe for everywhere and that no view ever holds.

Finder asks for `._NAME` beside every NAME; answering costs no query. All of these are
among the indexer's default excludes, so nothing is hidden by it.
"""

from __future__ import annotations

_NAMES = frozenset(
    {
        b".ds_store",
        b".localized",
        b".metadata_never_index",
        b".hidden",
        b".directory",
        b".nomedia",
        b".spotlight-v100",
        b".trashes",
        b".trash",
        b".fseventsd",
        b".temporaryitems",
        b".documentrevisions-v100",
        b"thumbs.db",
        b"ehthumbs.db",
        b"desktop.ini",
        b"autorun.inf",
    }
)
_STARTS = (b"._", b".trash-")
_FIRST_BYTES = frozenset(b".tTeEdDaA")


def is_noise(name: bytes) -> bool:
    """Whether a name is asked for by habit rather than because somebody saw it."""
    if name[0] not in _FIRST_BYTES:
        return False
    lower = name.lower()
    return lower in _NAMES or lower.startswith(_STARTS)
