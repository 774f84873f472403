"""The border between the engine and the techniques: every call of a technique's method passes it, whoever calls.

A technique is anyone's code. What it raises arrives as an ordinary exception that can be put into words, and what it
gives is what `engine.strategy` says; else `WrongResult` tells what it gave and what was expected. So whoever calls a
technique, the run or the window, deals with `Exception` alone, and knows which technique it was, in which method.
"""

from __future__ import annotations

import functools
import inspect
import threading
import traceback
from collections.abc import Callable, Iterator
from types import FrameType, FunctionType
from typing import TYPE_CHECKING, Any

from engine.message import Message, message, phrase

if TYPE_CHECKING:
    from engine.strategy import Strategy

MOST_WORDS = 300
"""Characters of an exception's text that are told, at most: the traceback has all of them."""


class WrongResult(Exception):
    """A method of a technique gave, or did, what it must not."""

    def __init__(self, strategy: Strategy, method: str, given: str, expected: str) -> None:
        """`given` and `expected` in words: what it did ("returned None"), and what it must do ("return a number")."""
        self.plugin, self.method = strategy.id, method
        self.message = message(
            "wrong-result", "the {kind} {id} {given}{where}; it must {expected}", kind=strategy.kind, id=strategy.id,
            given=given, expected=expected,
            where="" if method == "__call__" else phrase("in-method", " in {method}", method=method),
        )  # fmt: skip
        super().__init__(str(self.message))

    def at(self, step: int) -> Message:
        """What it did, with the number of steps that a run had taken."""
        template = self.message.template.replace("{where}", "{where} at step {step}")
        return message(self.message.code, template, **self.message.values, step=step)


class Odd(Exception):
    """What a technique raised that is no ordinary exception, such as `SystemExit`, in words; the cause is that itself.

    So are those that mean something else where they arrive, such as `StopIteration`, and those without words of their
    own.
    """


def guard(technique: type[Strategy], kind: type[Strategy]) -> None:
    """Let every method of the kind that a technique gives be called through the border."""
    for name in methods_of(kind):
        method = inspect.getattr_static(technique, name)
        if method is inspect.getattr_static(kind, name) or isinstance(method, _guarded_property):
            continue
        if isinstance(method, property) and method.fget is not None:
            setattr(technique, name, _guarded_property(_guarded(name, method.fget)))
        elif not hasattr(method, "__guarded__"):
            setattr(technique, name, _guarded(name, method))


def methods_of(kind: type[Strategy]) -> Iterator[str]:
    """The methods and properties that a technique of this kind may give: those that `engine.strategy` declares."""
    for declared in kind.__mro__[:2]:  # the kind itself, and what all kinds have
        for name, value in vars(declared).items():
            if isinstance(value, (FunctionType, property)) and (name == "__call__" or not name.startswith("_")):
                yield name


class _guarded_property(property):  # noqa: N801 a kind of property, named as that is
    """A property that is read through the border."""


def _guarded(name: str, method: Any) -> Callable[..., Any]:
    @functools.wraps(method)
    def passing(strategy: Strategy, *arguments: Any, **named: Any) -> Any:
        bound = method.__get__(strategy, type(strategy)) if hasattr(method, "__get__") else method
        return call(strategy, name, bound, *arguments, **named)

    passing.__guarded__ = True  # type: ignore[attr-defined]
    return passing


def call(strategy: Strategy, method: str, function: Callable[..., Any], /, *arguments: Any, **named: Any) -> Any:
    """What `function`, the `method` of a technique or what it prepared for that, gives; checked.

    Raises `WrongResult`, `Odd`, or what the technique raises where that is an ordinary exception.
    """
    from engine import contract  # it needs PyTorch, and the command line's help does without

    try:
        return contract.kept(strategy, method, function, arguments, named)
    except BaseException as error:
        if _is_ordinary(error) or from_user(error):
            raise
        raise Odd(words_of(error)) from error


def passed(frame: FrameType) -> tuple[str, str] | None:
    """The technique, by its id, and the method, where this frame is that of a call through the border."""
    if frame.f_code is not call.__code__:
        return None
    return frame.f_locals["strategy"].id, frame.f_locals["method"]


def technique_of(error: BaseException) -> str | None:
    """The id of the technique whose method stands nearest to where an exception was raised, if any."""
    calls = [found[0] for frame, _ in traceback.walk_tb(error.__traceback__) if (found := passed(frame))]
    return calls[-1] if calls else None


def from_user(error: BaseException) -> bool:
    """Whether it is a person's Ctrl-C, which the main thread alone hears, whatever code it is in."""
    return isinstance(error, KeyboardInterrupt) and threading.current_thread() is threading.main_thread()


def words_of(error: BaseException) -> str:
    """An exception in one line: its type, and its text where it has one that can be had."""
    if isinstance(error, Odd):
        return str(error)
    try:
        text = " ".join(str(error).split())[:MOST_WORDS]
    except BaseException:  # noqa: BLE001 a stranger's exception may raise when it is asked for its text
        text = "(its text can't be had)"
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _is_ordinary(error: BaseException) -> bool:
    if not isinstance(error, Exception) or isinstance(error, (StopIteration, StopAsyncIteration)):
        return False
    try:
        str(error)
    except BaseException:  # noqa: BLE001 as above
        return False
    return True
