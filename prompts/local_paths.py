"""Paths of this machine, shortened in what is shown to others: a page, a card, a table."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

KEPT = 2
"""Most parts of a path that are shown, from its end: a folder and a file, or a model's owner and name."""

WHOLE = re.compile(r"(?P<before>(?:[a-z]+:)?)(?P<path>/(?!/)[^\n:]*/[^\n:]*)(?P<after>(?:@\S+)?)")
"""A text that is a path and nothing else, or a model's spec with one: spaces are part of it."""
INSIDE = re.compile(r"(?<![\w/.…~)\]>-])/(?!/)[^\s/'\"`,;:|()<>]+(?:/[^\s/'\"`,;:|()<>]*)+")
"""A path within a text, of two parts at least; an address has its host before the path."""


def shorten_paths(text: str) -> str:
    """Puts `…/` and the last two parts in the place of each absolute path: huggingface:…/models/SmolLM2-135M."""
    whole = WHOLE.fullmatch(text)
    if whole:
        return whole["before"] + _short(whole["path"]) + whole["after"]
    return INSIDE.sub(lambda match: _short(match[0]), text)


def shorten_all(value: Any, keep: Collection[str] = ()) -> Any:
    """Shortens every text and name within `value`, but for what stands under the names `keep`."""
    match value:
        case str():
            return shorten_paths(value)
        case list() | tuple():
            return [shorten_all(inner, keep) for inner in value]
        case Mapping():
            shortened = {}
            for name, inner in value.items():
                shortened[shorten_paths(str(name))] = inner if name in keep else shorten_all(inner, keep)
            return shortened
        case _:
            return value


def _short(path: str) -> str:
    # Never all of it: the first part, /home or /Users, is followed by somebody's name.
    parts = [part for part in path.split("/") if part]
    return "/".join(["…", *parts[max(len(parts) - KEPT, 1) :]])
