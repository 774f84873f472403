"""The tool Ensemble: several networks together."""
