"""The wheel holds what the service reads at run time."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.packaging.tree import ROOT, public_files

SERVICE = ("app", "knowledge_base", "models", "schemas")
BUILD = "import sys; from setuptools import build_meta; build_meta.build_wheel(sys.argv[1])"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Names of the files in a wheel built from what Git knows."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("out")
    for path in public_files():
        copy = source / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
    subprocess.run(
        [sys.executable, "-W", "ignore", "-c", BUILD, str(out)],
        cwd=source,
        check=True,
        capture_output=True,
    )
    (built,) = out.glob("*.whl")
    return set(zipfile.ZipFile(built).namelist())


def test_every_file_of_the_service_is_in_the_wheel(wheel: set[str]) -> None:
    relative = (path.relative_to(ROOT) for path in public_files())
    expected = {path.as_posix() for path in relative if path.parts[0] in SERVICE}
    assert expected
    assert not expected - wheel


def test_tests_stay_out_of_the_wheel(wheel: set[str]) -> None:
    assert not {name for name in wheel if Path(name).parts[0] == "tests"}
