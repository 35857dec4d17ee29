"""The one answer to "what is here", for every protocol."""

from mediafs.vfs.core import ROOT_INODE, Statistics, Totals, VirtualFS

__all__ = ["ROOT_INODE", "Statistics", "Totals", "VirtualFS"]
