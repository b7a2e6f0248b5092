"""What networks are given of observations that are not numbers to be taken as they are."""
