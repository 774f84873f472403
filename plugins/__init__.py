"""The techniques, one small file each, in a folder per kind. Discovered, never imported by name."""
