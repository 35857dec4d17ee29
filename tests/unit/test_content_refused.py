"""What is refused rather than served wrong, with which error, and who hears of it."""

from __future__ import annotations

import os

import pytest
import trio
from content_sources import DATA
from waiting import until_async

from indexer.catalog import tree
from indexer.mounts import mount_table
from indexer.scan.filesystems import device_of
from mediafs.vfs import content
from mediafs.vfs.complaints import Complaints
from mediafs.vfs.errors import NoSuchEntry, SourceChanged, SourceUnavailable
from mediafs.vfs.refresh import Forget


def test_an_unknown_file_is_no_entry(sources):
    with pytest.raises(NoSuchEntry):
        sources.read(77)


def test_a_source_on_another_machine_is_unavailable(sources):
    file = sources.file("a.jpg", b"a")
    sources.maker.db.execute("UPDATE root SET host = 'elsewhere'")

    with pytest.raises(SourceUnavailable):
        sources.read(file)


def test_a_file_that_was_never_read_is_unavailable(sources):
    file = sources.file("a.jpg", b"a")
    sources.maker.db.execute("UPDATE file SET state = 'unreadable', content_id = NULL")

    with pytest.raises(SourceUnavailable):
        sources.read(file)


def test_a_fifo_in_place_of_a_source_is_a_change(sources):
    file = sources.file("a.jpg", b"a")
    (sources.top / "a.jpg").unlink()
    os.mkfifo(sources.top / "a.jpg")

    with pytest.raises(SourceChanged):
        sources.read(file)


def test_a_file_that_changed_is_refused_when_it_is_opened(sources):
    """Also where the kernel knows the way to it, and nothing waits."""
    file = sources.file("a.jpg", b"a")

    async def run():
        handle = await sources.content.open(file)
        handle.release()
        (sources.top / "a.jpg").write_bytes(b"other")
        with pytest.raises(SourceChanged):
            await sources.content.open(file)

    trio.run(run)


def test_another_folder_in_place_of_the_root_is_noticed(sources, tmp_path):
    file = sources.file("a.jpg", b"a")

    async def run():
        handle = await sources.content.open(file)
        handle.release()
        sources.top.rename(tmp_path / "aside")
        sources.top.mkdir()
        (sources.top / "other.jpg").touch()
        await until_async(is_other)

    async def is_other():
        """As long as the root's folder is held open, what was there is read."""
        assert await sources.read_async(file) == b"a"

    with pytest.raises(SourceChanged):
        trio.run(run)


# ---------------------------------------------------------------------------- what verify found


def test_what_was_found_rotten_is_not_opened(sources, caplog):
    file = sources.file("a.jpg", DATA)
    sources.rot(file)

    with pytest.raises(SourceUnavailable):
        sources.read(file)

    assert "as verify found" in caplog.text


@pytest.mark.parametrize("is_copied", [True, False])
def test_a_handle_does_not_read_on_what_was_found_rotten(sources, is_copied):
    file = sources.file("a.jpg", DATA)
    if is_copied:
        sources.file("b.jpg", DATA)

    async def run():
        handle = await sources.content.open(file)
        assert bytes(await handle.read(0, 10)) == DATA[:10]
        sources.rot(file)
        counts, errors = sources.content.counts, 0
        with trio.fail_after(10):
            while counts.failovers + counts.refusals < 3 - 2 * is_copied:
                await trio.lowlevel.checkpoint()
                try:
                    assert bytes(await handle.read(0, 10)) == DATA[:10]
                except SourceUnavailable:
                    errors += 1
        handle.release()
        return errors

    assert trio.run(run) == (0 if is_copied else 3)


def test_a_handle_does_not_read_on_what_never_had_the_digest(sources):
    """A digest that was taken over by head and tail, and verify found that it was another's."""
    file = sources.file("a.jpg", DATA)

    async def run():
        handle = await sources.content.open(file)
        await handle.read(0, 10)
        sources.maker.db.execute("UPDATE file SET state = 'unreadable', content_id = NULL")

        async def is_other():
            assert bytes(await handle.read(0, 10)) == DATA[:10]

        try:
            await until_async(is_other)
        finally:
            handle.release()

    with pytest.raises(SourceChanged):
        trio.run(run)


def test_what_a_cache_was_told_to_forget_is_not_read_again_out_of_the_same_source(
    sources, monkeypatch
):
    """Not even as long as a look at the catalog counts."""
    monkeypatch.setattr(content, "_LOOK_SECONDS", 3600.0)
    file = sources.file("a.jpg", DATA)

    async def run():
        handle = await sources.content.open(file)
        await handle.read(0, 10)
        sources.rot(file)
        sources.content.forget_disproved(Forget(attributes={tree.inode_of_file(file): None}))
        try:
            with pytest.raises(SourceUnavailable):
                await handle.read(0, 10)
        finally:
            handle.release()

    trio.run(run)


# ---------------------------------------------------------------------------- disks inside a root


def test_a_file_below_an_absent_disk_is_unavailable(sources):
    (sources.top / "usb").mkdir()
    file = sources.file("usb/a.jpg", b"a")
    near = sources.file("near.jpg", b"b")
    sources.maker.db.execute(
        "UPDATE folder SET device = 'uuid:ext4:another' WHERE path = CAST('usb' AS BLOB)"
    )
    (sources.top / "usb/a.jpg").unlink()
    (sources.top / "near.jpg").unlink()

    with pytest.raises(SourceUnavailable):
        sources.read(file)
    with pytest.raises(SourceChanged):
        sources.read(near)


def test_a_file_that_vanished_from_a_disk_that_is_there_is_stale(sources):
    (sources.top / "usb").mkdir()
    file = sources.file("usb/a.jpg", b"a")
    device = device_of(os.fsencode(sources.top / "usb"), mount_table())
    sources.maker.db.execute(
        "UPDATE folder SET device = ? WHERE path = CAST('usb' AS BLOB)", (device,)
    )
    (sources.top / "usb/a.jpg").unlink()
    (sources.top / "usb/other.jpg").touch()

    with pytest.raises(SourceChanged):
        sources.read(file)


def test_a_root_on_another_disk_than_before_is_unavailable(sources):
    file = sources.file("a.jpg", b"a")
    sources.maker.db.execute("UPDATE root SET device = 'uuid:ext4:another'")
    (sources.top / "a.jpg").rename(sources.top / "what another disk holds.jpg")

    with pytest.raises(SourceUnavailable):
        sources.read(file)


# ---------------------------------------------------------------------------- who hears of it


def test_one_warning_names_the_file_and_what_to_do(sources, caplog):
    file = sources.file("a.jpg", b"a")
    sources.file("other.jpg", b"b")
    (sources.top / "a.jpg").unlink()
    for _ in range(3):
        with pytest.raises(SourceChanged):
            sources.read(file)

    [said] = caplog.messages
    assert said == f"{sources.top}/a.jpg is no longer there; run `mediafs reindex`"


def test_each_trouble_is_passed_on_once_in_a_generation(sources):
    changed, vanished = sources.file("a.jpg", b"a"), sources.file("b.jpg", b"b")
    (sources.top / "a.jpg").write_bytes(b"other")
    (sources.top / "b.jpg").unlink()

    for _ in range(3):
        for file in (changed, vanished):
            with pytest.raises(SourceChanged):
                sources.read(file)
    before = list(sources.suspects)
    sources.maker.publish()
    with pytest.raises(SourceChanged):
        sources.read(changed)

    assert before == [(changed, "changed"), (vanished, "vanished")]
    assert sources.suspects[2:] == [(changed, "changed")]


def test_an_unplugged_disk_is_no_suspect(sources):
    file = sources.file("a.jpg", b"a")
    sources.top.rename(sources.top.with_name("unplugged"))

    with pytest.raises(SourceUnavailable):
        sources.read(file)

    assert not sources.suspects


def test_warnings_beyond_twenty_a_minute_are_counted(caplog):
    now = [0.0]
    complaints = Complaints(lambda: now[0])
    for number in range(50):
        complaints.about(b"/%d.jpg" % number, "vanished")
    now[0] = 61.0
    complaints.about(b"/last\n.jpg", "vanished")

    assert len(caplog.messages) == 22
    assert caplog.messages[20:] == [
        "30 more warnings like these were left out",
        "/last\\n.jpg vanished",
    ]
