"""The same training in two processes: with the whole model in each (DDP), and in parts (FSDP)."""

from pathlib import Path
from typing import Any

import pytest

from students.config import Lora, StudentConfig
from students.corpus.data import watched_keys
from students.methods.distill import Distill
from tests.students.distill.samples import with_tokens, write
from tests.students.launched import FSDP, alone, farthest, launch
from tests.students.samples import WriteCorpus, corpus_rows

ROWS = 36  # 32 to train on and 4 to watch: every batch of every process is whole, and accelerate repeats no row
FULL = FSDP | {"FSDP_STATE_DICT_TYPE": "FULL_STATE_DICT"}
SHAPES = [(8, 1), (2, 4)]
ADAPTED = {"lora": Lora(rank=4), "learning_rate": 1e-3}


@pytest.fixture
def config(tiny: Path) -> StudentConfig:
    """One process's; its rate is so low that AdamW does not blow rounding up."""
    return StudentConfig(
        base=str(tiny), epochs=2, learning_rate=1e-4, batch_size=8, eval_every=0.5, precision="float32"
    )


def corpus_of(method: str, padded: bool, tokenizer: Any, place: Path) -> Path:
    rows = corpus_rows(ROWS)
    if not padded:  # pairs of two digits and no `again`: each of a label is as long as the others
        for number, row in enumerate(rows):
            row["prompt"][0]["content"] = f"Spam or ham? {('yes', 'no')[number % 2]} {10 + number}"
    return write(with_tokens(rows, tokenizer) if method == "distill" else rows, place)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("padded", [True, False])
@pytest.mark.parametrize("method", ["sft", "distill"])
def test_two_processes_and_any_shape_of_the_batch_have_the_losses_of_one(
    config: StudentConfig, method: str, padded: bool, tokenizer: Any, tmp_path: Path
) -> None:
    corpus = corpus_of(method, padded, tokenizer, tmp_path / "corpus")
    both = {"method": method, "distill": Distill(a_ce=0.5, a_kd=0.5) if method == "distill" else None}
    one = alone(config.model_copy(update=both), corpus, tmp_path / "one")
    assert len(one) == 8
    for size, accumulation in SHAPES:
        shape = both | {"batch_size": size // 2, "accumulation": accumulation}
        two = launch(config.model_copy(update=shape), corpus, tmp_path / f"two{size}")
        assert two == pytest.approx(one, abs=1e-5)
        assert farthest(tmp_path / "one", tmp_path / f"two{size}") < 1e-5


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("changes", [{}, ADAPTED], ids=["whole", "lora"])
@pytest.mark.parametrize("environment", [FSDP, FULL], ids=["sharded", "full"])
def test_a_sharded_training_killed_and_gone_on_with_saves_the_student_of_one_process(
    config: StudentConfig,
    changes: dict[str, Any],
    environment: dict[str, str],
    write_corpus: WriteCorpus,
    tmp_path: Path,
) -> None:
    corpus = write_corpus(corpus_rows(ROWS))
    mine = config.model_copy(update=changes)
    one = alone(mine, corpus, tmp_path / "one")
    half, two = mine.model_copy(update={"batch_size": 4}), tmp_path / "two"
    assert launch(half, corpus, two, 6, environment) == pytest.approx(one[:6], abs=1e-5)
    assert not (two / "student").exists()
    assert launch(half, corpus, two, environment=environment) == pytest.approx(one[4:], abs=1e-5)
    assert farthest(tmp_path / "one", two) < 1e-5
    assert {path.name for path in two.iterdir()} == {"student"}


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_best_weights_of_a_sharded_training_are_kept(
    config: StudentConfig, write_corpus: WriteCorpus, tmp_path: Path
) -> None:
    rows = corpus_rows(ROWS)
    watched = watched_keys([row["prompt_id"] for row in rows], config.validation_fraction)
    for row in rows:
        if row["prompt_id"] in watched:  # what is watched is never taught, so that each step makes it less likely
            row["completion"][0]["content"] = "zebra " * 8
    corpus = write_corpus(rows)
    mine = config.model_copy(update={"epochs": 1, "eval_every": 0.25, "learning_rate": 1e-3, "warmup_ratio": 0.0})
    alone(mine, corpus, tmp_path / "one")
    launch(mine.model_copy(update={"batch_size": 4}), corpus, tmp_path / "two", environment=FSDP)
    for name in ("one", "two"):
        assert "| best step | 1 |" in (tmp_path / name / "student/README.md").read_text()
    assert farthest(tmp_path / "one", tmp_path / "two") < 1e-5
