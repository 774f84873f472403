"""Whether a window can be opened here, found out without Qt, which ends the process where it can't."""

from __future__ import annotations

import ctypes
import os
import re
import sys

DRAWING_LIBRARIES = (
    "libEGL.so.1", "libGL.so.1", "libX11.so.6", "libdbus-1.so.3", "libfontconfig.so.1", "libglib-2.0.so.0",
    "libxkbcommon.so.0",
)  # fmt: skip
"""System libraries that Qt needs to draw anything, on a screen or off it."""
X11_LIBRARIES = (
    "libX11-xcb.so.1", "libxcb.so.1", "libxcb-cursor.so.0", "libxcb-icccm.so.4", "libxcb-image.so.0",
    "libxcb-keysyms.so.1", "libxcb-randr.so.0", "libxcb-render.so.0", "libxcb-render-util.so.0", "libxcb-shape.so.0",
    "libxcb-shm.so.0", "libxcb-sync.so.1", "libxcb-util.so.1", "libxcb-xfixes.so.0", "libxcb-xkb.so.1",
    "libxkbcommon-x11.so.0",
)  # fmt: skip
"""System libraries that Qt's plugin for X11 needs besides."""


def display_problem() -> str | None:
    """Why no window can be opened here, and how to mend it, in one line; or None."""
    if not sys.platform.startswith("linux"):
        return None
    chosen = os.environ.get("QT_QPA_PLATFORM", "").split(";")[0].split(":")[0]
    on_wayland = chosen.startswith("wayland") or (not chosen and bool(os.environ.get("WAYLAND_DISPLAY")))
    on_x11 = not on_wayland and chosen in ("", "xcb")
    if on_x11 and not os.environ.get("DISPLAY"):
        return "there is no display here"
    missing = [name for name in (*DRAWING_LIBRARIES, *(X11_LIBRARIES if on_x11 else ())) if not _loads(name)]
    if missing:
        packages = " ".join(debian_package(name) for name in missing)
        return f"Qt needs system libraries that are not installed (on Debian and Ubuntu: apt install {packages})"
    return None if not on_x11 or _x11_answers() else f"the display {os.environ['DISPLAY']} does not answer"


def debian_package(library: str) -> str:
    """The Debian package of a shared library, by Debian's rule: its name and version, with a hyphen between digits."""
    name, version = re.fullmatch(r"(.+)\.so\.(\d+)", library.lower().replace("_", "-")).groups()  # type: ignore[union-attr]
    return f"{name}-{version}" if name[-1].isdigit() else f"{name}{version}"


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def _x11_answers() -> bool:
    xcb = ctypes.CDLL("libxcb.so.1")
    xcb.xcb_connect.restype = ctypes.c_void_p
    xcb.xcb_connection_has_error.argtypes = xcb.xcb_disconnect.argtypes = [ctypes.c_void_p]
    connection = xcb.xcb_connect(None, None)
    answers = xcb.xcb_connection_has_error(connection) == 0
    xcb.xcb_disconnect(connection)
    return answers
