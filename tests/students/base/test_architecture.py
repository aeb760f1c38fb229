import json
from pathlib import Path

import pytest

from prompts.packaged import packaged_model
from students.base.architecture import read_architecture
from tests.students.memory.samples import SMOL


def test_the_sizes_of_a_gguf_file_and_of_a_directory(tiny: Path) -> None:
    assert read_architecture(packaged_model("smollm2-135m")) == SMOL
    sizes = read_architecture(tiny)
    assert sizes is not None
    assert (sizes.layers, sizes.hidden, sizes.key_value) == (2, 64, 32)
    assert sizes.parameters == sizes.vocabulary * 64 + 2 * sizes.layer_parameters + 64


@pytest.mark.parametrize("config", ["", "[]", json.dumps({"hidden_size": 64})])
def test_files_that_do_not_say_are_no_error(config: str, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(config)
    assert read_architecture(tmp_path) is None
    assert read_architecture(tmp_path / "config.json") is None
