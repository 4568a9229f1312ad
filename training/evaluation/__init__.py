"""Hand-written cases."""
