"""Which files are the same shot."""
