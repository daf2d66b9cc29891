"""The independent verifier: one file that stands alone."""
