"""Which member of a shot is the original."""
