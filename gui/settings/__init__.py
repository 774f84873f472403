"""The left dock: what the next run will be."""
