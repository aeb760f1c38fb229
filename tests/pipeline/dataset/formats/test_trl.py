"""TRL's prompt and completion, in TRL's own trainer."""

from __future__ import annotations

from pathlib import Path

from pipeline.dataset.export import export_run


def test_sfttrainer_trains_on_the_trl_file(run: Path, tiny: Path, tmp_path: Path) -> None:
    """One step of TRL's own trainer on the file as `datasets` loads it: the loss is on the completion alone."""
    import datasets
    from trl import SFTConfig, SFTTrainer

    path = export_run(run, "trl")["path"]
    rows = datasets.load_dataset("json", data_files=path, split="train", cache_dir=str(tmp_path / "cache"))
    config = SFTConfig(output_dir=str(tmp_path / "out"), max_steps=1, report_to=[], use_cpu=True, save_strategy="no")
    trainer = SFTTrainer(model=str(tiny), args=config, train_dataset=rows)
    batch = trainer.data_collator([trainer.train_dataset[1]])
    learned = batch["input_ids"][batch["labels"] != -100]
    assert trainer.processing_class.decode(learned, skip_special_tokens=True).strip() == 'to Say "né"\n🌱'
    assert trainer.train().training_loss > 0
