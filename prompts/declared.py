"""Finds what others may name: a folder in which each module declares one thing."""

from __future__ import annotations

import pkgutil
from importlib import import_module
from typing import Any


def declared_in(package: str, constant: str) -> dict[str, Any]:
    """Returns module name -> what the module declares in `constant`, for each module of a package, by name.

    The package is imported by its name alone, as a plug-in is: it may lie on a higher floor than who asks, and a new
    module is found without being listed anywhere.
    """
    folders = import_module(package).__path__
    names = sorted(module.name for module in pkgutil.iter_modules(folders))
    return {name: getattr(import_module(f"{package}.{name}"), constant) for name in names}
