"""Progress of what takes long, as a bar."""

from collections.abc import Callable

from rich.progress import Progress


def reporter(progress: Progress, words: str) -> Callable[[int, int], None]:
    """What moves a new bar along: told how much is done, and of how much."""
    task = progress.add_task(words, total=None)
    return lambda done, total: progress.update(task, completed=done, total=max(total, 1))
