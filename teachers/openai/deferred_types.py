"""The openai SDK without the models of its API that nobody asks for.

`import openai` runs every package of `openai.types`: 500 modules, half a second of CPU (openai 3.54.0). The adapter
takes the SDK's client, errors and headers, and sends and reads bodies of its own: it needs none of them. So each
package of `openai.types` runs when a name of it is first asked for, by whomever; after that it is as it was meant.
The SDK's modules are loaded by Python's own loaders from where they are installed: nothing of the SDK is replaced.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from threading import RLock
from types import ModuleType
from typing import Any

TYPES = "openai.types"


@contextmanager
def deferred_types() -> Iterator[None]:
    """Defers the packages of `openai.types` that are first imported inside; whatever was imported before stays."""
    finder = _TypesFinder()
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


class DeferredPackage(ModuleType):
    """A package whose `__init__` runs when a name is asked for that is not there.

    Its submodules can be imported before.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._lock = RLock()  # its `__init__` may ask for its own names
        self._pending: Loader | None = None

    def defer(self, loader: Loader) -> None:
        """Keeps the loader that runs it."""
        self._pending = loader

    def __getattr__(self, name: str) -> Any:
        self._run()
        try:
            return self.__dict__[name]
        except KeyError:
            raise AttributeError(f"module '{self.__name__}' has no attribute '{name}'") from None

    def __dir__(self) -> list[str]:
        self._run()
        return list(super().__dir__())

    def _run(self) -> None:
        with self._lock:
            loader, self._pending = self._pending, None
            if loader is None:
                return
            try:
                loader.exec_module(self)
            except BaseException:
                self._pending = loader
                raise


class _TypesFinder(MetaPathFinder):
    """Finds what Python's own path finder does, and has the packages of `openai.types` deferred."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if not f"{fullname}.".startswith(f"{TYPES}."):
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None and spec.submodule_search_locations is not None:
            spec.loader = _Deferring(spec.loader)
        return spec


class _Deferring(Loader):
    def __init__(self, loader: Loader) -> None:
        self._loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return DeferredPackage(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader  # for whoever reads sources and resources through it
        module.__loader__ = self._loader
        if isinstance(module, DeferredPackage):
            module.defer(self._loader)
