"""The tab Data: what there is to learn from."""
