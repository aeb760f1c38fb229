"""DPO and KTO on a two-layer student with a real tokenizer."""

from __future__ import annotations

import json
import math
import os
import subprocess
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from transformers import AutoModelForCausalLM, AutoTokenizer

from prompts.errors import InputError
from students.config import Lora, StudentConfig
from students.corpus.data import TrainingRow
from students.corpus.encode import IGNORED, encode_row
from students.methods.preference import Preference
from students.preference.losses import dpo_loss_B, kto_loss_B, kto_reference_point
from students.preference.method import weights_of
from students.quiet import quiet
from tests.students.kills import command, killed
from tests.students.samples import MESSAGES, corpus_rows
from tests.students.sft.test_method import run

SCHEMA = pa.schema(
    [
        ("prompt", MESSAGES),
        ("chosen", MESSAGES),
        ("rejected", MESSAGES),
        ("split", pa.string()),
        ("group", pa.string()),
        ("prompt_id", pa.string()),
    ]
)
OTHER = {"spam": "ham", "ham": "perhaps spam"}


def say(text: str) -> list[dict[str, str]]:
    return [{"role": "assistant", "content": text}]


def pair_rows(count: int = 41) -> list[dict[str, Any]]:
    """Corpus rows with the label as the better reply and another one as the worse."""
    return [
        {
            "prompt": row["prompt"],
            "chosen": row["completion"],
            "rejected": say(OTHER[row["completion"][0]["content"]]),
            "split": "train",
            "prompt_id": row["prompt_id"],
        }
        for row in corpus_rows(count)
    ]


def write_own(place: Path, pairs: list[dict[str, Any]], kept: list[dict[str, Any]] | None = None) -> Path:
    """A corpus with preferences beside it, as curation leaves them."""
    place.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(pairs, SCHEMA), place / "preferences.parquet")
    pq.write_table(pa.Table.from_pylist(corpus_rows(41) if kept is None else kept), place / "kept.parquet")
    return place / "kept.parquet"


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    return write_own(tmp_path / "corpus", pair_rows())


@pytest.fixture(params=["dpo", "kto"])
def config(request: pytest.FixtureRequest, tiny: Path) -> StudentConfig:
    settings = Preference(loss=request.param, sft_weight=0.1 if request.param == "dpo" else 0)
    return StudentConfig(
        base=str(tiny), method="preference", preference=settings, epochs=3, learning_rate=1e-3, eval_every=1
    )


def with_preference(config: StudentConfig, **changes: Any) -> StudentConfig:
    return config.model_copy(update={"preference": Preference(**changes)})


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_student_learns_to_prefer(config: StudentConfig, corpus: Path, tmp_path: Path) -> None:
    steps: list[Any] = []
    result = run(config.model_copy(update={"epochs": 2}), corpus, tmp_path, steps)
    assert result.train_loss < steps[0].loss
    watched = [step.validation_loss for step in steps if step.validation_loss is not None]
    assert result.validation_loss <= min(watched) < steps[0].loss
    assert result.rows_too_long == 0
    assert "method: preference" in (tmp_path / "student" / "README.md").read_text()


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_first_loss_is_that_of_a_student_that_is_its_reference(tiny: Path, corpus: Path, tmp_path: Path) -> None:
    config = StudentConfig(base=str(tiny), method="preference", epochs=0.2, lora=Lora(rank=4))
    for loss, first in (("dpo", math.log(2)), ("kto", 0.5)):
        steps: list[Any] = []
        run(
            with_preference(config, loss=loss, undesirable_weight=1 if loss == "kto" else None), corpus, tmp_path, steps
        )
        assert steps[0].loss == pytest.approx(first, abs=1e-5)


def test_the_loss_does_not_depend_on_the_shape_of_the_batch(
    config: StudentConfig, corpus: Path, tmp_path: Path
) -> None:
    heard: list[list[Any]] = [[], []]
    ends = []
    for steps, (size, accumulation) in zip(heard, ((8, 1), (2, 4)), strict=True):
        shape = {"batch_size": size, "accumulation": accumulation, "epochs": 1, "precision": "float32"}
        ends.append(run(config.model_copy(update=shape), corpus, tmp_path, steps).validation_loss)
    assert [step.loss for step in heard[0]] == pytest.approx([step.loss for step in heard[1]], abs=1e-5)
    assert ends[0] == pytest.approx(ends[1], abs=1e-5)


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_a_killed_training_ends_as_an_undisturbed_one(config: StudentConfig, corpus: Path, tmp_path: Path) -> None:
    undisturbed = run(config, corpus, tmp_path / "whole")
    killed(config, corpus, tmp_path / "cut", step=12)
    resumed = run(config, corpus, tmp_path / "cut")
    assert resumed.resumed_from
    assert resumed.validation_loss == pytest.approx(undisturbed.validation_loss, abs=1e-6)
    assert resumed.train_loss == pytest.approx(undisturbed.train_loss, abs=1e-6)


def test_better_replies_gain_on_worse_ones(tiny: Path, corpus: Path, tmp_path: Path) -> None:
    config = StudentConfig(base=str(tiny), method="preference", epochs=1, learning_rate=1e-2, lora=Lora(rank=8))
    run(config, corpus, tmp_path)
    before, after = (leads(path) for path in (tiny, tmp_path / "student"))
    assert all(new > old for new, old in zip(after, before, strict=True))


def leads(path: Path) -> list[float]:
    """By how many nats the better reply of pairs that were not trained on is likelier than the worse."""
    with quiet():
        model, tokenizer = AutoModelForCausalLM.from_pretrained(path), AutoTokenizer.from_pretrained(path)
    rows = pair_rows(45)[41:]
    return [logprob(model, tokenizer, row, "chosen") - logprob(model, tokenizer, row, "rejected") for row in rows]


def logprob(model: Any, tokenizer: Any, row: dict[str, Any], which: str) -> float:
    encoded = encode_row(TrainingRow(row["prompt"], row[which], ""), tokenizer)
    ids, labels = torch.tensor([encoded["input_ids"]]), torch.tensor(encoded["labels"])
    with torch.no_grad():
        logps = model(input_ids=ids).logits.log_softmax(-1)[0, :-1].gather(-1, ids[0, 1:, None])[:, 0]
    return float(logps[labels[1:] != IGNORED].sum())


@given(st.floats(-50, 50), st.floats(-50, 50), st.floats(0.01, 1))
def test_dpo_wants_the_better_reply_likelier(better: float, worse: float, beta: float) -> None:
    loss, other = (
        dpo_loss_B(torch.tensor([x]), torch.tensor([y]), beta) for x, y in ((better, worse), (worse, better))
    )
    assert loss > 0
    # -log sigmoid(x) + log sigmoid(-x) = -x
    assert (loss - other).item() == pytest.approx(-beta * (better - worse), abs=1e-3)


@given(st.lists(st.floats(-20, 20), min_size=1, max_size=6), st.floats(-5, 5))
def test_kto_pulls_good_replies_above_its_reference_point_and_bad_ones_below(ratios: list[float], point: float) -> None:
    values = torch.tensor(ratios, requires_grad=True)
    for label, sign in ((True, -1), (False, 1)):
        labels = torch.full((len(ratios),), label)
        losses = kto_loss_B(values, labels, torch.tensor(point), 0.1, (1.0, 2.0))
        assert bool((losses >= 0).all())
        assert bool((losses <= (1 if label else 2)).all())
        (slope,) = torch.autograd.grad(losses.sum(), values)
        assert bool((slope * sign > 0).all())


def test_the_reference_point_is_never_below_zero_and_teaches_nothing() -> None:
    ratios = torch.tensor([-3.0, 1.0], requires_grad=True)
    assert kto_reference_point(ratios) == 0
    assert kto_reference_point(ratios + 3) == pytest.approx(2)
    assert not kto_reference_point(ratios + 3).requires_grad


def test_kto_learns_from_single_replies_and_balances_them(tiny: Path, tmp_path: Path) -> None:
    pairs = [
        row | ({"chosen": None} if number % 2 else {"split": "heldout"}) for number, row in enumerate(pair_rows(20))
    ]
    config = StudentConfig(base=str(tiny), method="preference", preference=Preference(loss="kto"), epochs=0.5)
    steps: list[Any] = []
    result = run(config, write_own(tmp_path / "corpus", pairs), tmp_path, steps)
    # Ten rejected ones of train prompts; all 41 kept rows are good. Watching takes some of each.
    counts = {name: float(result.measures[name]) for name in ("desirable_rows", "undesirable_rows")}
    good, bad = counts.values()
    assert (good + bad + result.validation_rows, bad <= 10) == (51, True)
    assert weights_of(Preference(loss="kto"), counts) == (1, good / bad)
    assert weights_of(Preference(loss="kto", undesirable_weight=3), counts) == (1, 3)


def write_jsonl(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


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


def test_without_a_reference_the_base_does_not_count(tiny: Path, corpus: Path, tmp_path: Path) -> None:
    config = StudentConfig(base=str(tiny), method="preference", epochs=0.2, batch_size=36)
    steps: list[Any] = []
    run(with_preference(config, reference="none"), corpus, tmp_path, steps)
    assert abs(steps[0].loss - math.log(2)) > 0.1


def test_training_is_silent(
    config: StudentConfig, corpus: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    run(config.model_copy(update={"epochs": 0.2}), corpus, tmp_path)
    assert capfd.readouterr() == ("", "")


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


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"chosen": "text"}, r"edits.jsonl:2: field 'chosen': is no list of messages: 'text'. For example"),
        ({"rejected": [{"role": "user"}]}, r"jsonl:2: field 'rejected': is no list of messages"),
        ({"prompt": None}, r"jsonl:2: field 'prompt': is null"),
        ({"chosen": None, "rejected": None}, r"jsonl:2: field 'chosen': is null.*one may be null"),
        ({"split": "test"}, r"jsonl:2: field 'split': is 'test'. Use train, heldout or null"),
    ],
)
def test_a_bad_row_is_named(tiny: Path, corpus: Path, tmp_path: Path, changes: dict[str, Any], says: str) -> None:
    rows = pair_rows(3)
    rows[1] |= changes
    file = write_jsonl(tmp_path / "edits.jsonl", rows)
    config = StudentConfig(base=str(tiny), method="preference", preference=Preference(pairs=str(file)))
    with pytest.raises(InputError, match=says):
        run(config, corpus, tmp_path)


def test_a_row_without_a_column_is_named(tiny: Path, corpus: Path, tmp_path: Path) -> None:
    file = write_jsonl(tmp_path / "edits.jsonl", [{"prompt": say("?"), "chosen": say("!")}])
    config = StudentConfig(base=str(tiny), method="preference", preference=Preference(pairs=str(file)))
    with pytest.raises(InputError, match=r"jsonl:1: field 'rejected': is missing.*this one has prompt, chosen"):
        run(config, corpus, tmp_path)


def test_a_run_curated_by_an_older_version_says_to_curate_again(tiny: Path, tmp_path: Path) -> None:
    corpus = write_own(tmp_path / "corpus", [])
    corpus.with_name("preferences.parquet").unlink()
    with pytest.raises(InputError, match=r"no such file\. Curate again"):
        run(StudentConfig(base=str(tiny), method="preference"), corpus, tmp_path)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"method": "sft", "preference": {}}, "'preference' is set, and the method is sft"),
        ({"preference": {"loss": "kto", "sft_weight": 1}}, "needs loss: dpo"),
        ({"preference": {"loss": "kto", "reference": "none"}}, "needs reference: base"),
        ({"preference": {"undesirable_weight": 2}}, "need loss: kto"),
        ({"preference": {"loss": "kto"}, "batch_size": 1}, "batch_size of 2 or more"),
    ],
)
def test_settings_that_do_not_fit_are_refused(wrong: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        StudentConfig.model_validate({"base": "x", "method": "preference", **wrong})


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_two_processes_train_what_one_does(config: StudentConfig, corpus: Path, tmp_path: Path) -> None:
    half = config.model_copy(update={"epochs": 1, "batch_size": 4})
    launch = ["-m", "torch.distributed.run", "--nproc_per_node", "2"]
    (tmp_path / "two").mkdir()
    python, *script = command(half, corpus, tmp_path / "two")
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run([python, *launch, *script], env=environment, stdout=subprocess.PIPE, text=True, check=True)
    two = [float(line.split()[-1]) for line in done.stdout.splitlines()]
    one: list[Any] = []
    run(config.model_copy(update={"epochs": 1, "batch_size": 8}), corpus, tmp_path, one)
    # The last batch is not whole, and accelerate fills it up by repeating rows.
    assert two[:4] == pytest.approx([step.loss for step in one][:4], abs=1e-4)
    assert (tmp_path / "two/student/README.md").exists()
