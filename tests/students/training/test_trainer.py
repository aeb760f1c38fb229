from pathlib import Path
from typing import Any

import pytest
import torch
from trl import SFTTrainer

from students.config import StudentConfig
from students.corpus.encode import IGNORED
from students.job import Job
from students.method import Setup
from students.progress import Reporter
from students.quiet import quiet
from students.result import ignore
from students.sft.method import build_trainer, load_data
from students.training.settings import training_arguments
from students.training.trainer import CompletionTrainer, completion_loss


@pytest.fixture
def trainer(tiny: Path, corpus: Path, tokenizer: Any, tmp_path: Path) -> CompletionTrainer:
    config = StudentConfig(base=str(tiny), batch_size=8)
    job = Job(config, corpus, str(tiny), tmp_path / "student", tmp_path / "work", tmp_path)
    data = load_data(job, tokenizer)
    arguments, order = training_arguments(config, tmp_path), list(range(len(data.lengths)))
    with quiet():
        return build_trainer(Setup(job, arguments, tokenizer, data, order, Reporter(ignore)))


def test_the_collator_masks_prompt_and_padding(trainer: CompletionTrainer, tokenizer: Any) -> None:
    batch = next(iter(trainer.get_train_dataloader()))
    for ids, labels, mask in zip(batch["input_ids"], batch["labels"], batch["attention_mask"], strict=True):
        taught = labels != IGNORED
        assert tokenizer.decode(labels[taught]) in ("spam<|im_end|>", "ham<|im_end|>")
        assert bool((ids[taught] == labels[taught]).all())
        assert not bool(taught[mask == 0].any())


def test_our_loss_is_trl_s_own_and_so_are_its_gradients(trainer: CompletionTrainer) -> None:
    batch = next(iter(trainer.get_train_dataloader()))
    found = []
    for compute in (CompletionTrainer.compute_loss, SFTTrainer.compute_loss):
        trainer.model.zero_grad()
        loss = compute(trainer, trainer.model, dict(batch), num_items_in_batch=torch.tensor(16))
        loss.backward()
        found.append((loss.detach(), trainer.model.model.layers[0].mlp.up_proj.weight.grad.clone()))
    torch.testing.assert_close(found[0], found[1])


def test_a_batch_without_labels_costs_nothing_and_has_gradients() -> None:
    logits_BKV = torch.zeros(2, 0, 5, requires_grad=True)
    loss = completion_loss(logits_BKV, torch.zeros(2, 0, dtype=torch.long), items=0)
    (gradient,) = torch.autograd.grad(loss, logits_BKV)
    assert (loss.item(), gradient.shape) == (0, logits_BKV.shape)


def test_nothing_is_reported_to_anybody(trainer: CompletionTrainer, monkeypatch: pytest.MonkeyPatch) -> None:
    from trl.trainer import base_trainer

    sent: list[object] = []
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setattr(base_trainer, "send_telemetry", lambda **topic: sent.append(topic))
    SFTTrainer._send_telemetry(trainer)
    assert len(sent) == 1  # else trl has renamed what CompletionTrainer overrides
    trainer._send_telemetry()
    assert len(sent) == 1
    assert "_send_telemetry" in base_trainer._BaseTrainer.__init__.__code__.co_names


def test_the_validation_loss_is_a_mean_over_tokens_whatever_the_batches(trainer: CompletionTrainer) -> None:
    def cut(row: dict[str, Any], place: int) -> dict[str, Any]:
        return {"labels": [IGNORED] * (len(row["labels"]) - 1 - place % 3) + row["labels"][-1 - place % 3 :]}

    trainer.eval_dataset = trainer.eval_dataset.map(cut, with_indices=True)
    found = []
    with quiet():
        for size in (1, 3, 8):
            trainer.args.per_device_eval_batch_size = size
            found.append(trainer.evaluate()["eval_loss"])
    assert found == pytest.approx([found[0]] * 3, abs=1e-6)
