"""The contract between the indexer, which fills the catalog, and mediafs, which shows it.

`schema.sql` is the manual. `connection.py` opens, `lock.py` says who may write. Each other file
holds the questions and the changes for its part of the schema or for those who ask; `rows.py` is
what they answer with, `check.py` holds the invariants.
"""

from indexer.catalog.connection import open_reader, open_writer, writing

__all__ = ["open_reader", "open_writer", "writing"]
