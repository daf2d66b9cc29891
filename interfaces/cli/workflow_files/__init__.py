"""Workflows as files: what stands in them, how it differs from what a server has, and bringing the two together."""
