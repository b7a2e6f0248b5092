"""What `python -m harness new` writes: names, edits of existing files, and skeletons."""
