"""A run before it begins.

summary     the table of layers
estimate    its time
memory      its memory
lr_plan     its learning rates
data_view   its data
batch_view  what the network is given
"""
