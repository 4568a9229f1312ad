import os
import subprocess
import sys

import pytest

from schemas.errors import ModelFileCorrupt
from training.served import apart


def _loaded() -> list[str]:
    return [name for name in ("torch", "matplotlib") if name in sys.modules]


def test_a_process_apart_holds_neither_torch_nor_matplotlib():
    import torch  # noqa: F401

    assert apart(_loaded) == []


def test_a_process_that_dies_is_a_named_fault():
    with pytest.raises(ModelFileCorrupt, match="died in _exit"):
        apart(os._exit, 3)


def test_reading_a_file_again_loads_no_torch():
    code = "import sys, training.served, training.evaluate; print('torch' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "False"
