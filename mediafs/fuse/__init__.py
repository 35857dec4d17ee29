"""The kernel's language, and nothing else. `mount.py` has what the command line calls."""
