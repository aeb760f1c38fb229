"""YAML as a recipe is written: `on` is a field's name, `no` Norwegian and `yes` a label."""

from __future__ import annotations

import re

import yaml

BOOL = "tag:yaml.org,2002:bool"


class WordsLoader(yaml.SafeLoader):
    """SafeLoader with YAML 1.2's booleans: true and false alone. PyYAML reads 1.1's on, off, yes and no as such too."""


WordsLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in found if tag != BOOL]
    for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
WordsLoader.add_implicit_resolver(BOOL, re.compile("^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF"))
