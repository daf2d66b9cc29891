"""Tests of what is decided: pure, without a database, a network or a clock."""
