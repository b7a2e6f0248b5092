"""Pokemon battles between samestep and poke-env: players of either in the other's battles."""
