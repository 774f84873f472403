"""A run's state in one safetensors file, believed only after it was checked.

checkpoint  writing and reading it
header      its header, read without PyTorch
meta        what it says of its run, in one strict form
tensors     its tensors, likewise
choice      another one beside it, where it is damaged
"""
