"""Telling the kernel what a new generation changed: all of it, before the next look."""

from __future__ import annotations

import logging

import apsw
import pyfuse3
import trio
from make_catalog import HOST, CatalogMaker
from tree_of_rows import rows

from mediafs.fuse import notify
from mediafs.vfs import VirtualFS

LOCKED, READABLE = True, False


def test_one_look_tells_all_that_changed_in_however_many_parts(tmp_path, monkeypatch, caplog):
    caplog.set_level(logging.INFO)
    maker = CatalogMaker(tmp_path / "catalog.db")
    maker.publish()
    vfs = VirtualFS(maker.path, HOST)
    told = []
    monkeypatch.setattr(pyfuse3, "invalidate_inode", lambda *_, **__: None)
    monkeypatch.setattr(pyfuse3, "invalidate_entry", lambda _, name: told.append(name))
    with maker.db:
        rows(maker, *(f"originals/{number}.jpg" for number in range(5_000)))

    trio.run(notify._look, vfs)

    assert len(told) >= 5_000
    assert vfs.refresh() is None
    [said] = caplog.messages
    assert said.startswith(f"shows generation {vfs.generation}: {len(told)} names changed;")
    vfs.close()
    maker.close()


def test_each_time_the_catalog_becomes_unreadable_it_is_said_once(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(notify, "_LOOK_SECONDS", 0.0)
    maker = CatalogMaker(tmp_path / "catalog.db")
    maker.publish()
    vfs = VirtualFS(maker.path, HOST)
    looks = iter([LOCKED, LOCKED, READABLE, LOCKED, LOCKED])

    async def run() -> None:
        with trio.CancelScope() as scope:

            def look(*_: object) -> bool:
                is_locked = next(looks, None)
                if is_locked is None:
                    scope.cancel()
                elif is_locked:
                    raise apsw.BusyError("locked")
                return True

            vfs._db.exec_trace = look
            await notify.follow(vfs)

    trio.run(run)

    assert caplog.messages == 2 * ["The catalog cannot be read any more: locked"]
    vfs.close()
    maker.close()
