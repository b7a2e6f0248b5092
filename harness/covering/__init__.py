"""What `python -m harness coverage` is made of."""
