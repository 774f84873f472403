"""A painting as an SVG file that every program shows as it was painted."""

from __future__ import annotations

import re
from collections.abc import Callable
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from PySide6.QtCore import QBuffer, QIODevice, QRect
from PySide6.QtGui import QPainter
from PySide6.QtSvg import QSvgGenerator

SPACE = "http://www.w3.org/2000/svg"
NUMBER = r"(-?\d+(?:\.\d+)?(?:e[-+]?\d+)?)"
PAIR = re.compile(f"{NUMBER},{NUMBER}")
MATRIX = re.compile(r"matrix\(" + ",".join([NUMBER] * 6) + r"\)")
IDENTITY = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)


def svg(paint: Callable[[QPainter], None], size: QRect, dots_per_inch: int, title: str) -> bytes:
    """What `paint` draws, as lines and letters: curves are paths, and text is text."""
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    generator = QSvgGenerator(QSvgGenerator.SvgVersion.Svg11)  # an older one does not clip curves at their plot
    generator.setOutputDevice(buffer)
    generator.setSize(size.size())
    generator.setViewBox(size)
    generator.setResolution(dots_per_inch)
    generator.setTitle(title)
    painter = QPainter(generator)
    paint(painter)
    painter.end()
    return plain(buffer.data().data())


def plain(written: bytes) -> bytes:
    """The same picture in the SVG that all programs know.

    Qt scales paths and asks for strokes that do not scale with them, which few programs but browsers can: the points
    are scaled here instead. It names a font alone: a browser that lacks it would take one with serifs. And it leaves
    groups and paths with nothing in them.
    """
    ElementTree.register_namespace("", SPACE)
    root = ElementTree.fromstring(written)
    _, _, width, height = root.get("viewBox", "").split()
    root.set("width", f"{width}px")
    root.set("height", f"{height}px")
    for group in list(root.iter(f"{{{SPACE}}}g")):
        _scale_points(group)
    for element in root.iter():
        element.attrib.pop("vector-effect", None)
        if "font-family" in element.attrib:
            element.set("font-family", f"{element.get('font-family')}, sans-serif")
    _drop_empty(root)
    return ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)


def _scale_points(group: Element) -> None:
    found = MATRIX.fullmatch(group.attrib.pop("transform", ""))
    matrix = tuple(float(part) for part in found.groups()) if found else IDENTITY
    for element in group if matrix != IDENTITY else ():
        if element.get("vector-effect") == "non-scaling-stroke":
            for name in ("d", "points"):
                if name in element.attrib:
                    element.set(name, PAIR.sub(lambda pair: _mapped(pair, matrix), element.attrib[name]))
        else:
            element.set("transform", f"matrix({','.join(f'{part:.6g}' for part in matrix)})")


def _mapped(pair: re.Match[str], matrix: tuple[float, ...]) -> str:
    x, y = float(pair[1]), float(pair[2])
    a, b, c, d, e, f = matrix
    return f"{a * x + c * y + e:.2f},{b * x + d * y + f:.2f}"


def _drop_empty(element: Element) -> None:
    for child in list(element):
        _drop_empty(child)
        if (child.tag == f"{{{SPACE}}}g" and not len(child)) or child.get("d") == "":
            element.remove(child)
