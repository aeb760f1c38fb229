from pathlib import Path

from students.config import StudentConfig
from students.training.settings import settings_for, training_arguments, use_settings


def test_a_process_takes_one_gpu_of_several(tiny: Path, tmp_path: Path) -> None:
    config = StudentConfig(base=str(tiny))
    arguments = training_arguments(config, tmp_path)
    arguments._n_gpu = 3  # what transformers sets where it sees three; DataParallel would then split the batch
    use_settings(arguments, settings_for(config, config.base))
    assert (arguments.n_gpu, arguments.train_batch_size) == (1, config.batch_size)
