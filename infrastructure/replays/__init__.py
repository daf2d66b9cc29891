"""Replays in PostgreSQL: the log as the worker took it in, the results beside it, and what carries replays on."""
