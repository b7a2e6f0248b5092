"""The report: one page with what was measured, proven, learned and transferred."""
