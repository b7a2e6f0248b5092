"""Verifies, measures and extends the environments; `python -m harness --help`."""
