"""Read each file once, and decode what was read within limits."""
