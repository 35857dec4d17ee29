"""Keep the catalog up to date by itself: what changed, when to look, and the loop that does."""
