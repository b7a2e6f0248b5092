"""The upstream engines that decide what is right, run for real and held against the references."""
