"""The widgets that the whole window is made of, and how they look."""
