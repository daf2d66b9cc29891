"""The HTTP API, asked from outside: a real server over a real PostgreSQL."""
