"""What is installed: every module and data file of ours, and no name that a dependency has too."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
PACKAGES = ("prompts", "teachers", "pipeline", "students", "data")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    return out


def ours(*folders: str) -> set[str]:
    """The files git tracks, or would, below the folders."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *folders]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\n")
    return {name for name in listed if name and (ROOT / name).exists()}


def test_the_wheel_holds_every_file_of_our_packages(built: Path) -> None:
    [wheel] = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert names == ours(*PACKAGES)


def test_the_sdist_holds_every_file_but_ci(built: Path) -> None:
    [sdist] = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.split("/", 1)[1] for name in archive.getnames() if "/" in name}
    assert ours() - {".ci/run"} <= names | {".gitignore"}
    assert not {name for name in names if name.startswith((".ci", "runs", ".venv"))}


def test_no_top_level_name_of_ours_is_a_dependencys() -> None:
    owners = metadata.packages_distributions()
    theirs = {name: set(owners.get(name, [])) - {"stillhouse"} for name in PACKAGES}
    assert not {name: found for name, found in theirs.items() if found}


def test_every_declared_dependency_is_locked() -> None:
    pins = {line.split("==")[0].lower() for line in (ROOT / "constraints.txt").read_text().splitlines() if "==" in line}
    names = {Requirement(text).name.lower() for text in metadata.requires("stillhouse") or []}
    assert names - {"stillhouse"} <= pins
    assert "torch==2.13.0" in (ROOT / "constraints.txt").read_text()
