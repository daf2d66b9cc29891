"""The read models: each a fold over the log into tables of its own, written together with what it reflects."""
