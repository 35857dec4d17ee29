"""Warnings while serving: each file once, with a count, and never a flood."""

from __future__ import annotations

import pytest

from mediafs.vfs.complaints import Complaints


@pytest.fixture
def now():
    return [0.0]


@pytest.fixture
def complaints(now):
    return Complaints(lambda: now[0])


def test_a_file_is_named_once_and_counted(complaints, now, caplog):
    for _ in range(5):
        complaints.about(b"/a.jpg", "cannot be read")
    now[0] = 61.0
    complaints.about(b"/b.jpg", "cannot be read")

    assert caplog.messages == [
        "/a.jpg cannot be read",
        "/a.jpg cannot be read (4 more times)",
        "/b.jpg cannot be read",
    ]


def test_another_reason_is_another_warning(complaints, caplog):
    complaints.about(b"/a.jpg", "cannot be read")
    complaints.about(b"/a.jpg", "is no longer there")

    assert len(caplog.messages) == 2


def test_a_whole_disk_of_files_is_counted(complaints, now, caplog):
    for number in range(100_000):
        complaints.about(b"/%d.jpg" % number, "cannot be read")
    now[0] = 61.0
    complaints.about(b"/last.jpg", "cannot be read")

    assert len(caplog.messages) == 22
    assert caplog.messages[20] == "99980 more warnings like these were left out"
