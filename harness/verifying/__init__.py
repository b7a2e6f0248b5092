"""The parts of `python -m harness verify` and `python -m harness replay`."""
