import random
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from transformers import AutoModelForCausalLM, AutoTokenizer

from prompts.errors import InputError, StillhouseError
from students.config import Lora, Shrink, StudentConfig
from students.finetune.train import train
from students.job import Job
from students.result import Progress, TrainResult
from tests.models import save_tiny
from tests.students.kills import command, same_after_a_kill
from tests.students.samples import HAM, SPAM, WriteCorpus, corpus_rows


@pytest.fixture
def config(tiny: Path) -> StudentConfig:
    return StudentConfig(base=str(tiny), epochs=3, learning_rate=5e-3, batch_size=8, eval_every=1)


def run(config: StudentConfig, corpus: Path, place: Path, steps: list[Progress] | None = None) -> TrainResult:
    heard = [] if steps is None else steps
    return train(
        Job(config, corpus=corpus, base=config.base, out=place / "student", work=place / "work"),
        on_progress=heard.append,
    )


def answer(student: Path, subject: str) -> str:
    model, tokenizer = AutoModelForCausalLM.from_pretrained(student), AutoTokenizer.from_pretrained(student)
    messages = [{"role": "user", "content": f"Spam or ham? {subject} 77"}]
    ids = tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_tensors="pt", return_dict=True)
    reply = model.generate(**ids, max_new_tokens=5, do_sample=False)[0, ids["input_ids"].shape[1] :]
    return str(tokenizer.decode(reply))


def test_a_student_learns_and_says_so(config: StudentConfig, corpus: Path, tmp_path: Path) -> None:
    steps: list[Progress] = []
    more = config.model_copy(update={"epochs": 24, "eval_every": 12, "learning_rate": 1e-2})
    result = run(more, corpus, tmp_path, steps)
    student = tmp_path / "student"
    assert (answer(student, SPAM), answer(student, HAM)) == ("spam<|im_end|>", "ham<|im_end|>")
    assert steps[0].loss > 10
    assert result.validation_loss < 0.5
    assert [step.step for step in steps] == list(range(1, result.steps + 1))
    assert (steps[-1].total_steps, steps[-1].seconds_left) == (result.steps, 0)
    assert (result.rows, result.validation_rows, result.rows_too_long) == (36, 4, 0)
    assert result.resumed_from is None
    assert sorted(path.name for path in tmp_path.iterdir()) == ["student"]
    card = (student / "README.md").read_text()
    assert all(words in card for words in ("method: sft", "| rows | 36 |", "data digest"))
    assert not list(student.glob("*.bin"))


def test_the_best_weights_are_kept_not_the_last(
    config: StudentConfig, write_corpus: WriteCorpus, tmp_path: Path
) -> None:
    rows = corpus_rows(24)
    chance = random.Random(0)  # labels without a rule: watching gets worse while training gets better
    for row in rows:
        row["completion"][0]["content"] = chance.choice(("spam", "ham"))
    steps: list[Progress] = []
    result = run(
        config.model_copy(update={"epochs": 30, "eval_every": 6, "learning_rate": 2e-2, "precision": "float32"}),
        write_corpus(rows),
        tmp_path,
        steps,
    )
    watched = [step.validation_loss for step in steps if step.validation_loss is not None]
    assert result.best_step < result.steps
    assert result.validation_loss <= min(watched)


def test_the_loss_does_not_depend_on_the_shape_of_the_batch(
    config: StudentConfig, corpus: Path, tmp_path: Path
) -> None:
    heard: list[list[Progress]] = [[], []]
    for steps, (size, accumulation) in zip(heard, ((8, 1), (2, 4)), strict=True):
        shape = {"batch_size": size, "accumulation": accumulation, "epochs": 1, "precision": "float32"}
        run(config.model_copy(update=shape), corpus, tmp_path, steps)
    assert [step.loss for step in heard[0]] == pytest.approx([step.loss for step in heard[1]], abs=1e-5)


def test_adapters_are_merged(config: StudentConfig, corpus: Path, tmp_path: Path, tiny: Path) -> None:
    steps: list[Progress] = []
    result = run(config.model_copy(update={"lora": Lora(rank=4), "learning_rate": 5e-2}), corpus, tmp_path, steps)
    assert steps[-1].loss < steps[0].loss
    student, base = (AutoModelForCausalLM.from_pretrained(path) for path in (tmp_path / "student", tiny))
    assert result.parameters == student.num_parameters() == base.num_parameters()
    assert not student.model.layers[0].mlp.up_proj.weight.equal(base.model.layers[0].mlp.up_proj.weight)
    assert student.model.embed_tokens.weight.equal(base.model.embed_tokens.weight)


def test_a_shrunk_student_trains(config: StudentConfig, corpus: Path, tmp_path: Path, tokenizer: Any) -> None:
    base = save_tiny(tokenizer, tmp_path / "base", layers=4)
    small = config.model_copy(update={"base": str(base), "shrink": Shrink(every=2), "epochs": 1})
    run(small, corpus, tmp_path)
    assert AutoModelForCausalLM.from_pretrained(tmp_path / "student").config.num_hidden_layers == 2
    assert answer(tmp_path / "student", SPAM)


def test_a_killed_training_ends_as_an_undisturbed_one(config: StudentConfig, corpus: Path, tmp_path: Path) -> None:
    adapted = config.model_copy(update={"lora": Lora(rank=4, dropout=0.2)})
    same_after_a_kill(run, adapted, corpus, tmp_path, within=5e-4)


@pytest.mark.slow
def test_kills_at_any_moment_lose_nothing(config: StudentConfig, corpus: Path, tmp_path: Path) -> None:
    often = config.model_copy(update={"epochs": 6, "eval_every": 0.2})  # a checkpoint at each step: some kills hit one
    undisturbed = run(often, corpus, tmp_path / "a")
    chance = random.Random(0)
    for _ in range(8):
        with subprocess.Popen(command(often, corpus, tmp_path / "b"), stdout=subprocess.PIPE) as training:
            assert training.stdout is not None
            training.stdout.readline()
            time.sleep(chance.uniform(0, 1))
            training.kill()
    again = run(often, corpus, tmp_path / "b")
    assert again.steps == undisturbed.steps
    assert again.resumed_from is not None
    assert again.validation_loss == pytest.approx(undisturbed.validation_loss, abs=5e-4)


def test_a_loss_that_is_not_a_number_stops_with_a_remedy(config: StudentConfig, corpus: Path, tmp_path: Path) -> None:
    with pytest.raises(StillhouseError, match=r"loss is (nan|inf) at step \d+. Lower student.learning_rate"):
        run(config.model_copy(update={"learning_rate": 1e30, "warmup_ratio": 0.0}), corpus, tmp_path)
    assert not (tmp_path / "student").exists()


def test_a_max_length_that_no_row_fits_is_an_input_error(config: StudentConfig, corpus: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="40 rows are longer than max_length = 8 tokens"):
        run(config.model_copy(update={"max_length": 8}), corpus, tmp_path)


def test_long_rows_are_counted(config: StudentConfig, write_corpus: WriteCorpus, tmp_path: Path) -> None:
    rows = corpus_rows(12)
    rows[0]["prompt"][0]["content"] = "word " * 300
    result = run(config.model_copy(update={"max_length": 100, "epochs": 1}), write_corpus(rows), tmp_path)
    assert result.rows_too_long == 1
    assert result.rows + result.validation_rows == 11


def test_training_is_silent(
    config: StudentConfig, corpus: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    run(config.model_copy(update={"epochs": 1}), corpus, tmp_path)
    assert capfd.readouterr() == ("", "")
