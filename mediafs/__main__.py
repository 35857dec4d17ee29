"""`python -m mediafs`."""

from mediafs.cli import main

if __name__ == "__main__":
    main()
