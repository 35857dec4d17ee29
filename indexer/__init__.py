"""Fill the catalog: walk, read once, remember, derive. Knows nothing of mounting."""
