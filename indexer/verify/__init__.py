"""Read files again and compare with the stored digests, longest unverified first.

`run.py` has the order and what follows from an outcome, `compare.py` reads, `finding.py` says
what was found, `notes.py` writes it down.
"""

from indexer.verify.finding import Bad, Counts, What
from indexer.verify.run import Options, verify

__all__ = ["Bad", "Counts", "Options", "What", "verify"]
