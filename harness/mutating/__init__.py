"""What `python -m harness mutants` is made of."""
