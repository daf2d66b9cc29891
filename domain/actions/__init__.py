"""The twelve actions: what each takes, how its values are checked, and what it does, as pure functions."""
