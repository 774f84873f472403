"""Several networks as one.

ensemble    the mean of their probabilities, and what it gives
members     their outputs on the same samples
export      all of them in one file
candidates  which runs could be members, told without weights or data
"""
