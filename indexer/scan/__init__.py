"""Layers that avoid reading, cheapest first."""
