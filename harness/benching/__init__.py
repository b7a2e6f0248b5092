"""The parts of the bench: plan of rows, workers, checks, records and the table."""
