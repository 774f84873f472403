"""What is compared: for each experiment the settings that all its variants share, and what each of them adds."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Experiment:
    """Runs that differ in one thing, and the claim about it."""

    name: str
    about: str
    """What is trained, and what is looked at, in a sentence or two."""
    recipe: str
    """The bundled settings that it starts from."""
    settings: dict[str, object] = field(default_factory=dict)
    """Settings that differ from the recipe's; strategies as on the command line."""
    variants: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """By name, what differs: techniques that are ticked (`id:name=value`) or chosen (`kind=id:name=value`), numbers of
    the run (`lr=0.1`), and `without` for none of the recipe's techniques."""
    figures: tuple[str, ...] = ()
    """The columns of its table, by the names in `figures.py`."""
    claims: tuple[tuple[str, str, float], ...] = ()
    """Variant, figure and bound of what is claimed against `nothing`; a figure's direction is in `figures.py`."""


CROP_AND_FLIP = ("random-resized-crop:scale=0.7+1.0", "random-horizontal-flip")

FIRST_LESSON = Experiment(
    "first-lesson",
    "An MLP (512, 256) learns 2,000 images of the sample by heart, 40 epochs. The gap is the validation loss less the "
    "clean training loss.",
    "first-lesson",
    variants={
        "nothing": (),
        "dropout": ("dropout:p=0.5",),
        "crop and flip": CROP_AND_FLIP,
        "reduce on plateau": ("reduce-lr-on-plateau:patience=2",),
        "early stopping": ("early-stopping:patience=5",),
        "label smoothing": ("label-smoothing",),
        "mixup": ("mixup",),
        "weight decay": ("weight-decay:decay=0.0001",),
        "L1": ("l1:strength=0.0001",),
        "max-norm": ("max-norm",),
        "gradient clipping": ("gradient-clipping",),
        "EMA": ("ema",),
        "batch norm": ("batch-norm",),
        "dropout, crop and flip": ("dropout:p=0.5", *CROP_AND_FLIP),
    },
    figures=("final_val_loss", "gap", "best_val_loss", "test_accuracy", "calibration_error", "epochs"),
    claims=(
        ("dropout", "final_val_loss", 0.75), ("crop and flip", "final_val_loss", 0.75),
        ("reduce on plateau", "final_val_loss", 0.75),
        ("dropout", "gap", 1.0), ("crop and flip", "gap", 1.0), ("reduce on plateau", "gap", 1.0),
        ("label smoothing", "calibration_error", 1.0),
    ),
)  # fmt: skip

DEEP_TANH = Experiment(
    "deep-tanh",
    "Twelve layers of 64 with tanh, SGD at 0.05, 15 epochs on the sample. How many epochs until the clean training "
    "loss is below 0.5; 16 where it is not within the run.",
    "default",
    settings={
        "model": "mlp:hidden=64+64+64+64+64+64+64+64+64+64+64+64", "activation": "tanh", "optimizer": "sgd",
        "lr": 0.05, "epochs": 15,
    },
    variants={
        "nothing": (),
        "batch norm": ("batch-norm",),
        "layer norm": ("layer-norm",),
        "Xavier": ("initializer=xavier",),
        "orthogonal": ("initializer=orthogonal",),
        "small normal": ("initializer=small-normal",),
        "sigmoid instead of tanh": ("activation=sigmoid",),
    },
    figures=("epochs_to_half", "final_val_loss", "test_accuracy"),
    claims=(("batch norm", "epochs_to_half", 1.0),),
)  # fmt: skip

CALIBRATION = Experiment(
    "calibration",
    "The plain CNN on the sample, 20 epochs. The expected calibration error (15 bins) is that of the last epoch's "
    "network on the test part: how far its certainty is from how often it is right. The losses of focal and MSE are on "
    "scales of their own, and MSE's outputs are taken for probabilities as they are.",
    "default",
    variants={
        "nothing": (),
        "label smoothing": ("label-smoothing",),
        "mixup": ("mixup",),
        "focal loss": ("loss=focal",),
        "dropout": ("dropout:p=0.5",),
        "MSE": ("loss=mse",),
    },
    figures=("calibration_error", "final_val_loss", "test_accuracy"),
)

IMBALANCE = Experiment(
    "imbalance",
    "The plain MLP on a long-tailed cut of the sample: from 600 training images of the first class down to 6 of the "
    "last, of which a tenth is set aside for validation. The test part has as many of each class.",
    "default",
    settings={"model": "mlp:hidden=256+128", "dataset": "long-tail", "epochs": 20},
    variants={
        "nothing": (),
        "class weights": ("loss=cross-entropy:class_weights=balanced",),
        "balanced sampling": ("balanced-sampling",),
        "focal loss": ("loss=focal",),
    },
    figures=("test_accuracy", "worst_recall"),
    claims=(),
)

WHOLE = Experiment(
    "whole",
    "The whole Fashion-MNIST, 20 epochs: the CNN of the recipe `fashion-mnist` with nothing (Adam at its usual 0.001), "
    "and with the recipe. Best epoch by the validation loss; the test part is measured once.",
    "fashion-mnist",
    variants={
        "nothing": ("without", "optimizer=adam", "lr=0.001"),
        "the recipe": (),
    },
    figures=("test_accuracy", "test_loss", "best_epoch"),
    claims=(("the recipe", "test_accuracy", 0.015),),
)

EXPERIMENTS = {each.name: each for each in (FIRST_LESSON, DEEP_TANH, CALIBRATION, IMBALANCE, WHOLE)}
