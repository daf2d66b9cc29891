"""The world: PostgreSQL, cryptography, templates, processes. Everything that the ports of `application` ask for."""
