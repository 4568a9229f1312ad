"""Measurements of the service and its parts; each module runs with ``python -m``."""

import models as models  # sets how OpenMP waits, before a benchmark loads llama.cpp
