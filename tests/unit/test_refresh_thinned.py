"""A mount that missed changes which are no longer kept forgets everything; one that did not, not."""

from __future__ import annotations

import pytest
from make_catalog import HOST, CatalogMaker
from tree_of_rows import rows

from mediafs.vfs import VirtualFS


@pytest.mark.parametrize(("thinned", "is_all"), [(0, False), (1, True), (2, True), (100, True)])
def test_one_change_that_is_no_longer_kept_is_enough(tmp_path, thinned, is_all):
    maker = CatalogMaker(tmp_path / "catalog.db")
    rows(maker, "originals/a.jpg", "originals/b.jpg", "originals/c.jpg", "originals/d.jpg")
    vfs = VirtualFS(maker.path, HOST)
    for name in "abcd":
        maker.unplace(f"originals/{name}.jpg")
    told = maker.db.execute("SELECT max(change_id) FROM change").get
    maker.publish()
    maker.db.execute("DELETE FROM change WHERE change_id <= ?", (told + thinned,))

    forget = vfs.refresh()

    assert forget is not None
    assert forget.is_all == is_all
    assert ((1, b"originals") in forget.names) == is_all
    vfs.close()
    maker.close()
