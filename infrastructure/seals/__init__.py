"""Tamper evidence: checkpoints over the log, signed, in the database and outside of it."""
