"""Standard output and error that never end a run: a terminal may be closed, a pipe broken, the disk of a log full."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import sys
from typing import Any

GONE = frozenset((errno.EIO, errno.EPIPE, errno.EBADF, errno.ENXIO))
"""What the system says of a terminal that was closed, or a pipe that nobody reads: it will not come back."""


class Unfailing:
    """A text stream that goes on when it can't be written: what it has kept back is dropped.

    What is gone for good is led nowhere from then on.
    """

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self.error: OSError | None = None
        """Why something could not be written, if so."""

    def write(self, text: str) -> int:
        """Write a text, if that can be done."""
        try:
            self._stream.write(text)
        except OSError as error:
            self._give_up(error)
        return len(text)

    def flush(self) -> None:
        """Write out what is kept back, if that can be done."""
        try:
            self._stream.flush()
        except OSError as error:
            self._give_up(error)

    def _give_up(self, error: OSError) -> None:
        self.error = error
        # Else what the stream has kept back would fail again when Python ends, and change its exit code.
        with contextlib.suppress(OSError), open(os.devnull, "w") as nowhere:
            place = self._stream.fileno()
            there = os.dup(place)
            os.dup2(nowhere.fileno(), place)
            try:
                self._stream.flush()
            finally:
                if error.errno not in GONE:
                    os.dup2(there, place)
                os.close(there)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def print_json(result: Any, stream: Any = None) -> None:
    """Print a result as one line of JSON. What the stream can't write, such as Hangul, stands there as `\\uXXXX`."""
    stream = sys.stdout if stream is None else stream
    line = json.dumps(result, allow_nan=False, ensure_ascii=False)
    encoding = getattr(stream, "encoding", None) or "utf-8"
    if not _can_be_written(line, encoding):
        line = "".join(each if _can_be_written(each, encoding) else json.dumps(each)[1:-1] for each in line)
    print(line, file=stream, flush=True)


def _can_be_written(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True
