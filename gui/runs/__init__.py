"""The runs of the workspace: the list, its dock, and what is kept of them."""
