"""The tab Predictions: what the network makes of its samples."""
