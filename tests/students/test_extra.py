from importlib.machinery import ModuleSpec

import pytest

from prompts.errors import MissingExtra
from students import extra


def test_a_missing_extra_names_its_install_command(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_trl(name: str) -> ModuleSpec | None:
        return None if name == "trl" else ModuleSpec(name, None)

    monkeypatch.setattr(extra, "find_spec", no_trl)
    with pytest.raises(MissingExtra, match=r"pip install 'stillhouse\[train\]'"):
        extra.require_training()
