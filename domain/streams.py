"""The one rule for naming streams: a category, a hyphen, and parts joined by hyphens that cannot be confused."""

CATEGORIES = (
    "api_key",
    "audience",
    "bulk",
    "configuration",
    "draft",
    "entity",
    "environment",
    "erasure",
    "forward",
    "forwarding",
    "replay",
    "restore",
    "retention",
    "run",
    "source",
    "target",
    "variable",
    "webhook",
    "workflow",
)


def name(category: str, *parts: str) -> str:
    """Join `category` and `parts`; a hyphen inside a part is doubled, so that ("a-b", "c") is not ("a", "b-c")."""
    return "-".join((category, *(part.replace("-", "--") for part in parts[:-1]), parts[-1]))


def category(stream: str) -> str:
    """The category of a stream's name: what stands before its first hyphen."""
    return stream.partition("-")[0]
