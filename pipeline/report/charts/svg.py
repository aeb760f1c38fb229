"""SVG elements, built as a tree: whatever a name or a label holds is escaped when it is written."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from markupsafe import Markup

Element = ET.Element
Value = str | float


def element(tag: str, *children: Element | str, **attributes: Value) -> Element:
    """Makes an element; a text child comes before the others.

    `class_` is written `class`, `text_anchor` `text-anchor`.
    """
    made = ET.Element(tag, {_name(key): _text(value) for key, value in attributes.items()})
    for child in children:
        if isinstance(child, str):
            made.text = (made.text or "") + child
        else:
            made.append(child)
    return made


def markup(root: Element) -> Markup:
    """Returns the tree as text that goes into a page unescaped."""
    return Markup(ET.tostring(root, encoding="unicode"))  # noqa: S704  # escaped just now


def percent(share: float) -> str:
    """Writes 0.25 as 25%."""
    return f"{_text(100 * share)}%"


def _name(key: str) -> str:
    # viewBox and preserveAspectRatio are the only attributes with capitals, and are given as they are.
    return key.rstrip("_").replace("_", "-")


def _text(value: Value) -> str:
    if isinstance(value, str):
        return value
    # Two decimals are a hundredth of a pixel: more would make the page larger and no sharper.
    return f"{value:.2f}".rstrip("0").rstrip(".")
