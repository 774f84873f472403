"""A trained network, looked at.

network          rebuilt from its checkpoint
views            test-time augmentation
examiner         checkpoints and predictions, kept
predictions      confusion matrix and figures
saliency         where a network looked
fitted           the curve of a regression of one input
reconstructions  what an autoencoder gives back, beside the originals
classify         what a network calls picture files
tell_apart       what it calls any number of them
other_data       another data set than its own, matched by the classes' names
suspects         labels that may be wrong
"""
