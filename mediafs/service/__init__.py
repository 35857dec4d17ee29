"""Have the system run mediafs: its units, what systemd is told, and lines of /etc/fstab."""
