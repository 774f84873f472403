"""A look inside the network while it trains.

look     a step seen from inside
record   what was seen, a row for each layer
finding  what it says
"""
