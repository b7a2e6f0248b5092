"""What every environment passes on every backend. No environment is named here."""
