"""What each inexact environment is held to; see harness/verifying/measure.py."""
