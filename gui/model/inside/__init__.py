"""The part "Look inside" of the tab Model."""
