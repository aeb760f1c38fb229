"""A smaller base through a whole training: what is kept, what it costs, and that it loads as any student does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedTokenizerFast

from prompts.errors import InputError
from students.config import Lora, Shrink, StudentConfig
from students.corpus.data import read_rows
from students.corpus.encode import load_tokenizer
from students.job import Job
from students.quiet import quiet
from students.shrink.prepare import prepare_shrunk
from students.shrink.vocabulary import row_ids
from tests.models import save_tiny
from tests.students.distill.samples import with_tokens, write
from tests.students.kills import killed
from tests.students.samples import SPAM, WriteCorpus, corpus_rows
from tests.students.sft.test_method import answer, run


@pytest.fixture(scope="module")
def base(tokenizer: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny(tokenizer, tmp_path_factory.mktemp("base"), layers=6)


def config_of(base: Path, shrink: Shrink | None, **more: Any) -> StudentConfig:
    said: dict[str, Any] = {"epochs": 3, "learning_rate": 5e-3, "batch_size": 8, "eval_every": 1}
    return StudentConfig(base=str(base), shrink=shrink, **{**said, **more})


def prepared(config: StudentConfig, corpus: Path, place: Path) -> tuple[Path, dict[str, Any]]:
    job = Job(config, corpus, config.base, place / "student", place / "work", place)
    with quiet():
        job, report = prepare_shrunk(job, torch.device("cpu"))
    return Path(job.base), report


@pytest.fixture(scope="module")
def trimmed(base: Path, corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    return prepared(config_of(base, Shrink(vocabulary="used")), corpus, tmp_path_factory.mktemp("trimmed"))


def test_the_corpus_is_encoded_as_before(trimmed: tuple[Path, dict[str, Any]], tokenizer: Any, corpus: Path) -> None:
    smaller = load_tokenizer(str(trimmed[0]))
    for row in read_rows(corpus):
        before, after = row_ids(row, tokenizer), row_ids(row, smaller)
        assert tokenizer.convert_ids_to_tokens(before) == smaller.convert_ids_to_tokens(after)
    assert 256 < len(smaller) < 400


def test_a_trimmed_model_computes_what_it_did(
    trimmed: tuple[Path, dict[str, Any]], base: Path, tokenizer: Any, corpus: Path
) -> None:
    smaller, row = load_tokenizer(str(trimmed[0])), next(iter(read_rows(corpus)))
    whole, small = (AutoModelForCausalLM.from_pretrained(path).eval() for path in (base, trimmed[0]))
    kept = tokenizer.convert_tokens_to_ids(smaller.convert_ids_to_tokens(range(len(smaller))))
    with torch.no_grad():
        before = whole(torch.tensor([row_ids(row, tokenizer)])).logits[0]
        after = small(torch.tensor([row_ids(row, smaller)])).logits[0]
    torch.testing.assert_close(after, before[:, kept])
    assert small.get_output_embeddings().weight is small.get_input_embeddings().weight
    assert small.config.vocab_size == len(smaller)
    assert small.generation_config.eos_token_id == small.config.eos_token_id == smaller.eos_token_id


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"], max_codepoint=0xFFFF)))
def test_any_text_can_be_read_and_written(trimmed_tokenizer: Any, tokenizer: Any, text: str) -> None:
    def again(one: Any) -> str:
        ids = one(text, add_special_tokens=False)["input_ids"]
        return str(one.decode(ids, clean_up_tokenization_spaces=False))

    # SmolLM2's own vocabulary lacks a few bytes, and drops what they would write.
    assert again(trimmed_tokenizer) == again(tokenizer)


@pytest.fixture(scope="module")
def trimmed_tokenizer(trimmed: tuple[Path, dict[str, Any]]) -> Any:
    return AutoTokenizer.from_pretrained(trimmed[0])


def test_the_report_says_what_was_kept_and_what_it_cost(trimmed: tuple[Path, dict[str, Any]], base: Path) -> None:
    _, report = trimmed
    assert report["tokens_kept"].endswith("of 49,152")
    assert report["base_parameters"] == AutoModelForCausalLM.from_pretrained(base).num_parameters()
    # The loss is over fewer tokens, so it can only fall.
    assert 0 < report["untrained_validation_loss"] < report["base_validation_loss"]


@pytest.mark.parametrize(
    ("shrink", "kept"),
    [
        (Shrink(every=3), "0 5 of 6"),
        (Shrink(layers=[1, 2, 4]), "1 2 4 of 6"),
        (Shrink(keep=2, by="even"), "0 5 of 6"),
        (Shrink(keep=1, by="even"), "5 of 6"),
    ],
)
def test_layers_are_kept_as_told(base: Path, corpus: Path, tmp_path: Path, shrink: Shrink, kept: str) -> None:
    path, report = prepared(config_of(base, shrink), corpus, tmp_path)
    assert report["layers_kept"] == kept
    assert AutoModelForCausalLM.from_pretrained(path).config.num_hidden_layers == len(kept.split()) - 2


def idle(base: Path, target: Path, layers: list[int]) -> Path:
    """The base with these layers writing nothing into the residual stream."""
    model = AutoModelForCausalLM.from_pretrained(base)
    with torch.no_grad():
        for index in layers:
            model.model.layers[index].self_attn.o_proj.weight.zero_()
            model.model.layers[index].mlp.down_proj.weight.zero_()
    model.save_pretrained(target)
    AutoTokenizer.from_pretrained(base).save_pretrained(target)
    return target


def test_layers_that_do_nothing_go_first_and_cost_nothing(base: Path, corpus: Path, tmp_path: Path) -> None:
    lazy = idle(base, tmp_path / "lazy", [1, 4])
    _, report = prepared(config_of(lazy, Shrink(keep=4)), corpus, tmp_path)
    assert report["layers_kept"] == "0 2 3 5 of 6"
    assert report["untrained_validation_loss"] == pytest.approx(report["base_validation_loss"], abs=1e-5)


def test_the_held_out_rows_have_no_say(base: Path, write_corpus: WriteCorpus, tmp_path: Path) -> None:
    rows = corpus_rows(24)
    shrink = Shrink(keep=3, vocabulary="used")
    found = []
    for held in ("unmistakable zebra", "other words"):
        secret = {**rows[0], "prompt": [{"role": "user", "content": held}], "split": "heldout"}
        found.append(prepared(config_of(base, shrink), write_corpus([*rows, secret]), tmp_path))
    assert found[0][1] == found[1][1]
    assert (found[0][0] / "tokenizer.json").read_bytes() == (found[1][0] / "tokenizer.json").read_bytes()


def test_a_smaller_base_is_made_once(base: Path, corpus: Path, tmp_path: Path) -> None:
    config = config_of(base, Shrink(keep=3, vocabulary="used"))
    path, report = prepared(config, corpus, tmp_path)
    stamp = (path / "model.safetensors").stat().st_mtime_ns
    assert prepared(config, corpus, tmp_path) == (path, report)
    assert (path / "model.safetensors").stat().st_mtime_ns == stamp


@pytest.mark.parametrize("lora", [pytest.param(None, marks=pytest.mark.slow), Lora(rank=4)])
def test_a_trimmed_student_trains_and_answers(base: Path, corpus: Path, tmp_path: Path, lora: Lora | None) -> None:
    config = config_of(base, Shrink(keep=3, vocabulary="used"), epochs=1, lora=lora)
    result = run(config, corpus, tmp_path)
    assert result.parameters < result.measures["base_parameters"] / 10  # type: ignore[operator]
    assert answer(tmp_path / "student", SPAM)
    card = (tmp_path / "student" / "README.md").read_text()
    assert all(line in card for line in ("| tokens kept |", "| layers kept |", "| untrained validation loss |"))


def test_soft_targets_are_of_the_trimmed_tokenizer(base: Path, tokenizer: Any, tmp_path: Path) -> None:
    corpus = write(with_tokens(corpus_rows(), tokenizer), tmp_path / "corpus")
    config = config_of(base, Shrink(vocabulary="used"), method="distill", epochs=1)
    result = run(config, corpus, tmp_path)
    assert result.measures["soft_target_coverage"] == 1.0
    smaller = load_tokenizer(str(tmp_path / "student"))
    tables = [pq.read_table(path) for path in tmp_path.glob("targets-*.parquet")]
    ids = [max(index for row in table["ids"].to_pylist() for index in row) for table in tables]
    assert sorted(top < len(smaller) for top in ids) == [False, True]  # the base's, and the student's


@pytest.mark.slow
def test_a_killed_training_of_a_smaller_base_ends_as_an_undisturbed_one(
    base: Path, corpus: Path, tmp_path: Path
) -> None:
    config = config_of(base, Shrink(keep=3, vocabulary="used"))
    undisturbed = run(config, corpus, tmp_path / "a")
    killed(config, corpus, tmp_path / "b", step=7)
    again = run(config, corpus, tmp_path / "b")
    assert again.resumed_from
    for name in ("train_loss", "validation_loss", "tokens", "steps", "best_step", "measures"):
        assert getattr(again, name) == pytest.approx(getattr(undisturbed, name), abs=5e-4), name


def test_a_tokenizer_that_is_no_byte_level_bpe_is_refused(base: Path, corpus: Path, tmp_path: Path) -> None:
    from tokenizers import Tokenizer, models, pre_tokenizers

    words = Tokenizer(models.WordLevel({"<unk>": 0, "<end>": 1, "spam": 2, "ham": 3}, unk_token="<unk>"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    other = PreTrainedTokenizerFast(tokenizer_object=words, unk_token="<unk>", eos_token="<end>")
    other.chat_template = "{% for m in messages %}{{ m.content }} {% endfor %}"
    target = save_tiny(other, tmp_path / "words", layers=2)
    with pytest.raises(InputError, match="cannot be trimmed: its tokenizer is WordLevel"):
        prepared(config_of(target, Shrink(vocabulary="used")), corpus, tmp_path)


def test_more_layers_than_there_are_is_refused(base: Path, corpus: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"student.shrink.keep.*the base has 6 layers"):
        prepared(config_of(base, Shrink(keep=7)), corpus, tmp_path)


def test_the_student_s_files_agree_on_every_id(trimmed: tuple[Path, dict[str, Any]]) -> None:
    said = json.loads((trimmed[0] / "tokenizer.json").read_text())
    ids = set(said["model"]["vocab"].values()) | {token["id"] for token in said["added_tokens"]}
    config = json.loads((trimmed[0] / "config.json").read_text())
    assert ids == set(range(config["vocab_size"]))
    assert not (trimmed[0] / "vocab.json").exists()
