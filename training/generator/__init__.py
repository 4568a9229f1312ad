"""Synthetic utterances and the plans they ask for."""
