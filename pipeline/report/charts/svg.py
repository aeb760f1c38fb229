"""SVG elements, built as a tree: whatever a name or a label holds is escaped when it is written."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from markupsafe import Markup

Element = ET.Element
Value = str | float


def element(tag: str, *children: Element | str, **attributes: Value) -> Element:
    """An element. `class_` is written `class`, `text_anchor` `text-anchor`; a text child comes before the others."""
    found = ET.Element(tag, {_name(key): _text(value) for key, value in attributes.items()})
    for child in children:
        if isinstance(child, str):
            found.text = (found.text or "") + child
        else:
            found.append(child)
    return found


def markup(root: Element) -> Markup:
    """The tree as text that goes into a page unescaped."""
    return Markup(ET.tostring(root, encoding="unicode"))  # noqa: S704  # escaped just now


def percent(share: float) -> str:
    """0.25 -> 25%."""
    return f"{_text(100 * share)}%"


def _name(key: str) -> str:
    # viewBox and preserveAspectRatio are the only attributes with capitals, and are given as they are.
    return key.rstrip("_").replace("_", "-")


def _text(value: Value) -> str:
    return value if isinstance(value, str) else f"{value:.2f}".rstrip("0").rstrip(".")
