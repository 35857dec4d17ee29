"""From catalog rows to placements: what stands where in the tree."""
