"""The live graph."""
