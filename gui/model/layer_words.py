"""What a layer does, in one sentence."""

from __future__ import annotations

import re

from PySide6.QtCore import QCoreApplication

WORDS = {
    "Linear": "Each output is a weighted sum of all inputs, plus a bias.",
    "Conv2d": "Slides small filters over the image; each gives a map of where it finds its pattern.",
    "BatchNorm1d": "Brings each feature to mean 0 and deviation 1 over the batch, then scales and shifts it anew.",
    "BatchNorm2d": "Brings each channel to mean 0 and deviation 1 over the batch, then scales and shifts it anew.",
    "LayerNorm": "Brings the features of each sample to mean 0 and deviation 1, then scales and shifts them anew.",
    "GroupNorm": "Brings groups of channels of each sample to mean 0 and deviation 1, then scales them anew.",
    "Dropout": "In training sets random values to 0 and scales up the rest; in validation it does nothing.",
    "Dropout2d": "In training sets random channels to 0 and scales up the rest; in validation it does nothing.",
    "StochasticDepth": "In training skips the branch for random samples; in validation it does nothing.",
    "ReLU": "Lets positive values pass and makes negative ones 0.",
    "LeakyReLU": "Lets positive values pass and shrinks negative ones.",
    "GELU": "Lets large values pass and fades out negative ones, smoothly.",
    "SiLU": "Multiplies each value by its own sigmoid: large ones pass, negative ones fade out.",
    "ELU": "Lets positive values pass and bends negative ones towards a floor.",
    "Sigmoid": "Squeezes each value into the range from 0 to 1.",
    "Tanh": "Squeezes each value into the range from −1 to 1.",
    "Hardswish": "A cheap stand-in for SiLU: large values pass, negative ones fade out.",
    "Hardsigmoid": "A cheap stand-in for the sigmoid, made of three straight lines.",
    "MaxPool2d": "Keeps the largest value of each small square: the image gets smaller.",
    "AvgPool2d": "Keeps the mean of each small square: the image gets smaller.",
    "AdaptiveAvgPool2d": "Keeps the mean of each part of the image, so that a fixed number of values remains.",
    "Flatten": "Lays all values of a sample in one row.",
    "Bottleneck": "A residual block of three convolutions: what they give is added to what they were given.",
    "BasicBlock": "A residual block of two convolutions: what they give is added to what they were given.",
    "ResidualBlock": "Two convolutions whose result is added to their input.",
    "SqueezeExcitation": "Weighs the channels by what the whole image holds.",
    "InvertedResidual": "Widens the channels, filters each alone, and narrows them again.",
}


def layer_words(type: str, about: str) -> str:
    """The sentence for a type of layer; for one that is not known here, what its author says of it."""
    if type in WORDS:
        return QCoreApplication.translate("Layer", WORDS[type])
    return re.sub(r":\w+:|`", "", about)
