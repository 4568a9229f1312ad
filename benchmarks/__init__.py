"""Measurements of the service and its parts; each module runs with ``python -m``."""
