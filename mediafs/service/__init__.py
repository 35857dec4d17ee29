"""Have systemd run mediafs: its units, and what mediafs tells it."""
