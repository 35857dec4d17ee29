"""When a shot was taken: clues, zones, and the choice between them."""
