"""Runs made for one question.

sweep       found by their settings
ablation    what each technique does, over the same seeds
data_curve  accuracy against the amount of training data
power_law   what twice as much would bring
"""
