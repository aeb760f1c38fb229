from pathlib import Path

from students.config import StudentConfig
from students.job import Job


def test_the_cache_is_beside_the_work_unless_it_is_named() -> None:
    config, work = StudentConfig(base="x"), Path("run/work/checkpoints")
    job = Job(config, corpus=Path("kept.parquet"), base="x", out=Path("student"), work=work)
    assert job.cache == Path("run/work")
    assert Job(config, job.corpus, "x", job.out, work, Path("elsewhere")).cache == Path("elsewhere")
