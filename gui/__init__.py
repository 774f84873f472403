"""The window. It reads events and history, writes settings, and does no tensor arithmetic."""

from __future__ import annotations

import os

os.environ.setdefault("PYQTGRAPH_QT_LIB", "PySide6")  # pyqtgraph takes the first binding it finds, unless told
