"""What each verb of the command line may be given: a function for each, named like the verb.

Imports neither PyTorch nor Qt, so that `--help` answers at once.
"""

from __future__ import annotations

import argparse

from engine.terminal.common_arguments import Change, add_for_training, add_settings, add_trained


def train(parser: argparse.ArgumentParser) -> None:
    add_settings(parser)
    add_for_training(parser)


def resume(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("checkpoint", metavar="CHECKPOINT", help="a checkpoint file, or a run's folder")
    total = parser.add_mutually_exclusive_group()
    total.add_argument("--epochs", type=int, metavar="N", help="train to this new total of epochs")
    total.add_argument("--more", type=int, metavar="N", help="train this many epochs more")
    parser.add_argument(
        "--reschedule", action="store_true",
        help="plan the learning rate anew for the new total, instead of holding its last value",
    )  # fmt: skip
    add_for_training(parser)


def fork(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("checkpoint", metavar="CHECKPOINT", help="a checkpoint file, or a run's folder for its last")
    add_settings(parser)
    add_for_training(parser)


def evaluate(parser: argparse.ArgumentParser) -> None:
    add_trained(parser)
    parser.add_argument("--dataset", metavar="ID[:NAME=VALUE,...]", help="another data set than its own")
    parser.add_argument(
        "--part",
        choices=("test", "validation", "training"),
        help="which part (test; of another data set without parts all of it)",
    )
    parser.add_argument(
        "--views", type=int, default=1, metavar="N",
        help="look at each image N times, augmented from the second look on, and average the probabilities (1)",
    )  # fmt: skip
    parser.add_argument(
        "--with", dest="with", action=Change, metavar="ID[:NAME=VALUE,...]",
        help="an augmentation for --views, instead of the run's own; may be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--suspects", metavar="FILE.csv", help="write there which samples may bear a wrong label, with their files"
    )
    parser.set_defaults(changes=[])


def predict(parser: argparse.ArgumentParser) -> None:
    add_trained(parser)
    parser.add_argument("path", nargs="+", metavar="PATH", help="a picture, or a folder of them")
    parser.add_argument("--csv", metavar="FILE.csv", help="write file, class and probability of each picture there")


def export(parser: argparse.ArgumentParser) -> None:
    add_trained(parser)
    parser.add_argument("out", metavar="OUT", help="the file to write: .onnx, or .safetensors for the weights alone")


def ensemble(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "checkpoint", nargs="+", metavar="CHECKPOINT",
        help="two or more: checkpoint files, or runs' folders for their best",
    )  # fmt: skip
    parser.add_argument(
        "--weights", choices=("equal", "validation"), default="equal",
        help="how much each counts: the same, or as is best on the validation part (equal)",
    )  # fmt: skip
    parser.add_argument("--part", choices=("test", "validation"), help="which part to measure on (test)")
    parser.add_argument("--export", metavar="OUT.onnx", help="write all of them together as one file, proven")


def runs(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", nargs="*", metavar="RUN", help="two or more to compare: folders, names or beginnings")
    parser.add_argument("--search", metavar="WORDS", help="list the runs whose name, techniques or notes hold these")


def caches(parser: argparse.ArgumentParser) -> None:
    removal = parser.add_mutually_exclusive_group()
    removal.add_argument(
        "--remove", nargs="+", metavar="NAME", help="remove these: names as listed, or their beginnings"
    )
    removal.add_argument("--remove-all", action="store_true", help="remove all that nobody uses")


def plugins(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id", nargs="?", metavar="ID", help="explain one technique")


def hardware(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--measure",
        action="store_true",
        help="train a few steps with these settings on every device, and say which is fastest",
    )
    add_settings(parser)


def twin(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "settings", nargs="*", metavar="FILE.yaml", help="two to four settings files; the flags below come over each"
    )
    parser.add_argument(
        "--against", action="append", default=[], metavar="FLAGS",
        help='one more, with these flags over the first: --against "--with dropout:p=0.3"; may be repeated',
    )  # fmt: skip
    add_settings(parser)


def data_curve(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--shares", default="5,10,25,50,100", metavar="P,P,...",
        help="per cent of the training data (5,10,25,50,100); all have the same epochs, so more data means more steps",
    )  # fmt: skip
    parser.add_argument("--seeds", type=int, default=3, metavar="S", help="train on each share with so many seeds (3)")
    add_settings(parser)


def lesson(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("lesson", nargs="?", metavar="ID", help="its id, number or file; without it, all are listed")
    parser.add_argument("--guess", metavar="CHOICE", help="your answer to its question: the number or id of a choice")
    parser.add_argument("--seeds", type=int, default=1, metavar="S", help="train with so many seeds (1)")
    parser.add_argument(
        "--write-band", metavar="FILE.json", help="write there between which curves those of the seeds lie"
    )


def submit(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("lesson", metavar="ID", help="the lesson's id, number or file")
    parser.add_argument("--name", required=True, metavar="NAME", help="the student's name")
    parser.add_argument("--guess", metavar="CHOICE", help="what was guessed: the number or id of a choice")
    parser.add_argument("--conclusion", default="", metavar="TEXT", help="what the student concludes")
    parser.add_argument("-o", "--output", metavar="FILE", help="the file to write (NAME-LESSON.tunedeck.json)")


def submissions(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", nargs="+", metavar="FILE", help="submissions, or folders of them")
    parser.add_argument(
        "--replay", action="store_true", help="train their runs again, and say which figures come out otherwise"
    )
    parser.add_argument("--csv", metavar="FILE.csv", help="write a table for the mark book there")


def find_lr(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("the test")
    group.add_argument("--lowest", type=float, metavar="LR", help="the first learning rate (1e-06)")
    group.add_argument("--highest", type=float, metavar="LR", help="the last one (10)")
    group.add_argument("--steps", type=int, metavar="N", help="steps from one to the other (120)")
    group.add_argument("--seeds", type=int, metavar="N", help="networks that go through it, a seed each (2)")
    add_settings(parser)


def code(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--command", action="store_true", help="print the command that trains just this instead")
    parser.add_argument(
        "--diff", action="store_true", help="print only the lines that --with and --without change, marked with + and -"
    )
    parser.add_argument("-o", "--output", metavar="FILE", help="write it into this file instead of printing it")
    add_settings(parser)


def ablate(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--seeds", type=int, default=3, metavar="S", help="train each of the settings with so many seeds (3)"
    )
    add_settings(parser)


def search(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("the search")
    group.add_argument(
        "--tune", action="append", default=[], metavar="NAME[=VALUES]",
        help="what to choose: lr=1e-4..1e-1:log, dropout.p=0..0.6, optimizer=adam+sgd, dropout=on+off; a name alone "
        "means all that it declares; may be repeated",
    )  # fmt: skip
    group.add_argument("--trials", type=int, metavar="N", help="end when the study has so many (50)")
    group.add_argument("--minutes", type=float, metavar="M", help="end after so long")
    group.add_argument("--processes", type=int, metavar="P", help="train so many trials at a time (one per processor)")
    group.add_argument("--sampler", choices=("tpe", "random"), help="how values are chosen (tpe)")
    group.add_argument("--pruner", choices=("median", "halving", "none"), help="how bad trials are given up (median)")
    group.add_argument("--study", metavar="NAME", help="its name in the workspace (the same for the same command)")
    group.add_argument("--storage", metavar="URL", help="a database to keep it in, for several machines")
    group.add_argument("--join", metavar="STUDY", help="take part in one that another process leads, or led")
    group.add_argument("--save-best", metavar="FILE.yaml", help="write the best settings there")
    add_settings(parser)


def diagnose(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", metavar="RUN", help="a run's folder, name or its beginning, or a checkpoint file")


def check_data(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "folder", metavar="DIR", nargs="?", help="a folder with one folder for each class, or train, val and test"
    )
    parser.add_argument(
        "--augmentations", metavar="ID[:…]", action="append", default=[],
        help="see whether this augmentation changes what an image is, as one that turns a 9 into a 6; may be repeated",
    )  # fmt: skip
    parser.add_argument("--dataset", metavar="ID[:…]", help="look at this data set in place of a folder's pictures")
    parser.add_argument("--seed", type=int, default=0, metavar="INT", help="of the judges of the augmentations")
