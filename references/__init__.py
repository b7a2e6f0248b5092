"""The trusted, single-instance side of every environment: references and specifications."""
