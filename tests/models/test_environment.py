"""What the process is told before llama.cpp is loaded."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

PRINT = (
    "import models, os; print(os.environ['GOMP_SPINCOUNT'], os.environ['GGML_CUDA_DISABLE_GRAPHS'])"
)


@pytest.mark.parametrize("given", [{}, {"GGML_CUDA_DISABLE_GRAPHS": "0", "GOMP_SPINCOUNT": "7"}])
def test_a_users_own_values_stand(given: dict[str, str]) -> None:
    names = {"GOMP_SPINCOUNT": "1000", "GGML_CUDA_DISABLE_GRAPHS": "1"}
    bare = {name: value for name, value in os.environ.items() if name not in names}
    said = subprocess.run(
        [sys.executable, "-c", PRINT], env=bare | given, capture_output=True, text=True, check=True
    )
    assert said.stdout.split() == list((names | given).values())
