"""Policies that were trained on one implementation, scored on the others; see command.py."""
