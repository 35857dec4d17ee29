"""Read each file once, and decode what was read within limits. What others see is engine.py."""
