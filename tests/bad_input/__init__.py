"""Bad input to the libraries: one clear line, nothing changed, and the process goes on."""
