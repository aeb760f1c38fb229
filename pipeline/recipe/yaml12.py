"""YAML as a recipe is written: `on` is a field's name, `no` Norwegian and `yes` a label; and where a field stands."""

from __future__ import annotations

import re
from collections.abc import Iterable

import yaml

BOOL = "tag:yaml.org,2002:bool"


class WordsLoader(yaml.SafeLoader):
    """SafeLoader with YAML 1.2's booleans: true and false alone. PyYAML reads 1.1's on, off, yes and no as such too."""


WordsLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in found if tag != BOOL]
    for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
WordsLoader.add_implicit_resolver(BOOL, re.compile("^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF"))


def line_of(root: yaml.Node | None, loc: Iterable[int | str]) -> int | None:
    """The line of the deepest node of `loc` that the file has."""
    node, line = root, None if root is None else root.start_mark.line + 1
    for part in loc:
        if isinstance(node, yaml.MappingNode):
            found = next(((key, value) for key, value in node.value if key.value == str(part)), None)
            if found is None:
                break
            line, node = found[0].start_mark.line + 1, found[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
    return line
