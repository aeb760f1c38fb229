"""YAML as a recipe is written: `on` is a field's name, `no` Norwegian and `yes` a label; and where a field stands."""

from __future__ import annotations

import re
from collections.abc import Iterable

import yaml

BOOL = "tag:yaml.org,2002:bool"


class WordsLoader(yaml.SafeLoader):
    """SafeLoader with YAML 1.2's booleans: true and false alone. PyYAML reads 1.1's on, off, yes and no as such too."""


# Resolvers are listed by the first character of a scalar. PyYAML shares its lists among loaders: this one has its own.
WordsLoader.yaml_implicit_resolvers = {}
for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items():
    WordsLoader.yaml_implicit_resolvers[first] = [(tag, pattern) for tag, pattern in resolvers if tag != BOOL]
WordsLoader.add_implicit_resolver(BOOL, re.compile("^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF"))


# PyYAML has errors of its own, and lets pass what Python says of a date with a month 13, of the digits of `0x_`, or of
# a thousand lists in one another.
UNREADABLE = (yaml.YAMLError, ValueError, RecursionError)
"""What reading a text may raise that is no YAML."""


def problem_of(error: Exception) -> tuple[str, int | None]:
    """Returns what one of UNREADABLE says, in a line, and the line of the text where that is known."""
    if isinstance(error, yaml.MarkedYAMLError):
        line = None if error.problem_mark is None else error.problem_mark.line + 1
        return str(error.problem), line
    if isinstance(error, RecursionError):
        return "it is nested too deeply", None
    return str(error).partition("\n")[0], None


def line_of(root: yaml.Node | None, loc: Iterable[int | str]) -> int | None:
    """Returns the line of the deepest node of `loc` that the file has; None where there is no file."""
    if root is None:
        return None
    node, line = root, root.start_mark.line
    for part in loc:
        if isinstance(node, yaml.MappingNode):
            entry = _entry(node, str(part))
            if entry is None:
                break
            key, node = entry
            line = key.start_mark.line
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line
    return line + 1  # YAML counts from 0


def _entry(node: yaml.MappingNode, name: str) -> tuple[yaml.Node, yaml.Node] | None:
    """Returns a mapping's key with its value."""
    for key, value in node.value:
        if key.value == name:
            return key, value
    return None
