"""The tab "Code"."""
