"""Networks of which a part does not train.

tuning        what is frozen, and with what share of the rate the rest trains
features      what a frozen body makes of each sample, computed once
freeze_proof  hashes what is frozen after every epoch
proof         what became of each layer, kept with the run
"""
