"""The contract between the indexer, which fills the catalog, and mediafs, which shows it.

`schema.sql` is the manual. `connection.py` opens; `facts.py`, `shots.py` and `tree.py` hold
every question and every change for their part of the schema; `check.py` holds the invariants.
"""

from indexer.catalog.connection import open_reader, open_writer, writing

__all__ = ["open_reader", "open_writer", "writing"]
