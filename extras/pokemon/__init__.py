"""What belongs to Pokemon battles alone."""
