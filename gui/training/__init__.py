"""A run as it trains: steered, followed, and told in words."""
