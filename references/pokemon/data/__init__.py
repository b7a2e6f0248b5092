"""What is taken from Pokémon Showdown's package under Node, ahead of time and never in play."""
