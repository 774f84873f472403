"""What there is to train with, as facts, and what mends it.

facts     frozen values: devices, drivers, PyTorch
look      where they are found, each within a bounded time
systems   how each operating system tells them
report    what they come to, a pure function
problems  what is wrong and what mends it
measure   how fast each device is
"""
