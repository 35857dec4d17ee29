"""What a mount could not serve: told by status, looked at and put right by the next reindex."""

from __future__ import annotations

import errno

import pytest

pytestmark = pytest.mark.mounted


def suspects(mediafs):
    return mediafs("status", "--json").json["suspects"]


@pytest.mark.parametrize("role", ["library", "archive"])
def test_a_reindex_puts_right_what_a_mount_found_wrong(mediafs, photos, tmp_path, wait, role):
    source = photos.jpeg("a.jpg")
    photos.jpeg("b.jpg", taken="2020-01-01 10:00:00")
    mediafs.index("--role", role, photos.folder)
    at = mediafs.mount(tmp_path / "at")
    shown = next((at / "by-source").rglob("a.jpg"))
    assert suspects(mediafs) == 0
    photos.jpeg("a.jpg", taken="2019-07-14 18:00:00")
    with pytest.raises(OSError) as caught:
        shown.read_bytes()
    assert caught.value.errno == errno.ESTALE
    wait(lambda: suspects(mediafs) == 1, "the mount tells what it could not serve")
    assert "1 file was found changed, gone or unreadable by a mount" in mediafs("status").out

    told = mediafs("reindex", "--json").json

    assert told["changed"] == 1
    assert suspects(mediafs) == 0
    wait(lambda: _bytes_of(shown) == source.read_bytes(), "the mount shows the new bytes")


def _bytes_of(path):
    try:
        return path.read_bytes()
    except OSError:
        return None
