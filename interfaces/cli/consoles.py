"""Where commands print: as wide as the terminal, or wide enough for ids and times where a pipe tells no width."""

import os
import sys

from rich.console import Console

PIPED_WIDTH = 160
"""Columns; `COLUMNS` in the environment goes before it."""


def console() -> Console:
    """A console on standard output, without colours for words that only look like numbers or paths."""
    wide = None if sys.stdout.isatty() or "COLUMNS" in os.environ else PIPED_WIDTH
    return Console(width=wide, highlight=False)
