"""Tests of what touches the world: databases, processes, cryptography."""
