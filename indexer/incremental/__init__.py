"""What must be decided anew because of what is new, so that a derive costs what changed."""
