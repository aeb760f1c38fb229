"""Code of the user's: where they lie does not decide, what is in them does."""

from __future__ import annotations

import sys
from pathlib import Path

from pipeline.recipe.user_code import by_content, command_beside, command_files, split_function


def test_a_function_is_a_file_and_a_name() -> None:
    assert split_function("C:/odd:dir/mine.py:score") == ("C:/odd:dir/mine.py", "score")


def test_words_that_are_files_become_absolute_and_no_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "check.py").write_text("x = 1")
    words = command_beside(["python", "check.py", sys.executable, "--fast"], tmp_path)
    assert words == ["python", str(tmp_path / "check.py"), sys.executable, "--fast"]
    assert command_files(words) == [tmp_path / "check.py", Path(sys.executable)]


def test_a_file_counts_by_its_bytes(tmp_path: Path) -> None:
    names = []
    for folder, text in (("a", "x = 1"), ("b", "x = 1"), ("c", "x = 2")):
        (tmp_path / folder).mkdir()
        file = tmp_path / folder / "check.py"
        file.write_text(text)
        names.append(by_content(str(file)))
    assert names[0] == names[1] != names[2]
    assert names[0].startswith("check.py (")
    assert by_content("python") == "python"
