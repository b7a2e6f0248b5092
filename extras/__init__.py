"""What belongs to a single environment, beyond the contract that all of them keep to."""
