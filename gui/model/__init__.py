"""The tab Model: the layers of the network, and the learning rate to come."""
