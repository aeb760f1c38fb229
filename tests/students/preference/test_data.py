from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from prompts.errors import InputError
from students.config import StudentConfig
from students.methods.preference import Preference
from tests.students.preference.samples import pair_rows, say, write_jsonl, write_own
from tests.students.samples import corpus_rows
from tests.students.sft.test_method import run


def test_pairs_of_ones_own_never_reach_the_held_out_prompts(tiny: Path, tmp_path: Path) -> None:
    kept = [row | ({"split": "heldout"} if number < 5 else {}) for number, row in enumerate(corpus_rows(12))]
    corpus = write_own(tmp_path / "corpus", [], kept)
    pairs = [{name: row[name] for name in ("prompt", "chosen", "rejected")} for row in pair_rows(20)]
    pairs[19]["rejected"] = pairs[19]["chosen"]
    file = write_jsonl(tmp_path / "edits.jsonl", pairs)
    config = StudentConfig(base=str(tiny), method="preference", preference=Preference(pairs=str(file)), epochs=0.5)
    result = run(config, corpus, tmp_path)
    assert result.measures == {"pairs_of_heldout_prompts": 5, "pairs_alike": 1}
    assert result.rows + result.validation_rows == 14


def test_long_pairs_are_counted_and_never_cut(tiny: Path, tmp_path: Path) -> None:
    pairs = pair_rows(12)
    pairs[0]["rejected"] = say("word " * 300)
    config = StudentConfig(base=str(tiny), method="preference", max_length=100, epochs=0.5)
    result = run(config, write_own(tmp_path / "corpus", pairs), tmp_path)
    assert result.rows_too_long == 1
    assert result.rows + result.validation_rows == 11


@pytest.mark.parametrize(
    ("pairs", "loss", "says"),
    [
        ([], "dpo", "holds no pair to train on.*several replies a prompt.*agreement, best, judge or verify"),
        ([], "kto", "holds no rejected reply to train on"),
        (pair_rows(1), "dpo", r"1 row\(s\) are of one prompt.*at least two prompts"),
        ([row | {"chosen": None} for row in pair_rows(4)], "dpo", "no pair to train on of 4 single replies: loss: kto"),
        ([row | {"split": "heldout"} for row in pair_rows(4)], "dpo", "holds no pair to train on"),
    ],
)
def test_too_few_preferences(tiny: Path, tmp_path: Path, pairs: list[Any], loss: str, says: str) -> None:
    config = StudentConfig(base=str(tiny), method="preference", preference=Preference(loss=loss))
    with pytest.raises(InputError, match=says):
        run(config, write_own(tmp_path / "corpus", pairs), tmp_path)


def test_a_run_curated_by_an_older_version_says_to_curate_again(tiny: Path, tmp_path: Path) -> None:
    corpus = write_own(tmp_path / "corpus", [])
    corpus.with_name("preferences.parquet").unlink()
    with pytest.raises(InputError, match=r"no such file\. Curate again"):
        run(StudentConfig(base=str(tiny), method="preference"), corpus, tmp_path)
