"""The architecture, tested: what the folders may import, how long things are, what they are called, how events last."""
