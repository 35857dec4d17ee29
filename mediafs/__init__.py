"""Show the catalog: views, the tree, the mount and the commands. Never changes a source."""

__version__ = "0.1.0"
