"""Names say what things are, and everything public says what it does."""

import ast

from infrastructure.event_store import topics
from tests.architecture import modules
from tests.architecture.modules import Module

# Names that fit anything, so that everything ends up there.
EMPTY_MODULES = frozenset(
    {"common", "handlers", "helper", "helpers", "lib", "managers", "misc", "models", "services"}
    | {"util", "utilities", "utils"}
)
EMPTY_ENDINGS = ("Base", "Data", "Handler", "Helper", "Impl", "Info", "Manager", "Service", "Util", "Utils")

# A verb may be irregular, so it is the list that says what is past tense: a new one is added here, once.
PAST_TENSE = (
    "Accepted",
    "Activated",
    "Added",
    "Applied",
    "Archived",
    "Attempted",
    "Cancelled",
    "Changed",
    "Classified",
    "Completed",
    "Connected",
    "Created",
    "Deactivated",
    "Decided",
    "Defined",
    "Described",
    "Disabled",
    "Enabled",
    "Executed",
    "Failed",
    "Issued",
    "Paused",
    "Prepared",
    "Processed",
    "Pruned",
    "Progressed",
    "Received",
    "Rejected",
    "Released",
    "Removed",
    "Requested",
    "Restated",
    "Retired",
    "Retried",
    "Revoked",
    "Rotated",
    "Set",
    "Skipped",
    "Started",
)

ALL = modules.of(*modules.EVERYTHING)
LAYERS = modules.of(*modules.LAYERS)


def test_no_module_has_a_name_that_fits_anything() -> None:
    found = [module.name for module in ALL if EMPTY_MODULES.intersection(module.name.split("."))]
    assert not found, f"{found}: such a name says nothing; name the module for the concept that it holds"


def test_no_class_has_a_name_that_says_nothing() -> None:
    found = [
        each.name
        for module in ALL
        for each in modules.definitions(module)
        if isinstance(each.node, ast.ClassDef) and each.node.name.endswith(EMPTY_ENDINGS)
    ]
    assert not found, f"{found}: leave the ending out and say what it is, in a word of docs/glossary.md"


def test_events_are_named_in_the_past_tense() -> None:
    found = [name for name in topics.CLASSES if not name.endswith(PAST_TENSE)]
    assert not found, (
        f"{found}: an event says what happened, as WebhookReceived does; name it so, or add its verb to PAST_TENSE"
    )


def test_every_module_says_what_it_is_for() -> None:
    found = [str(module.path) for module in ALL if not ast.get_docstring(module.tree)]
    assert not found, f"{found}: open it with a sentence on what it is for and what it must never do"


def test_everything_public_says_what_it_does() -> None:
    found = [
        each.name
        for module in LAYERS
        for each in modules.definitions(module)
        if _public(each.name, module) and not ast.get_docstring(each.node)
    ]
    assert not found, (
        f"{found} without docstring: say what it does, with shapes, units and what it raises (a method of a port may "
        'say """See the port."""), or make it private with an underscore'
    )


def _public(name: str, module: Module) -> bool:
    """Neither private nor special (`__init__`) nor inside something that is; nor inside a function."""
    *around, last = name.removeprefix(f"{module.name}:").split(".")
    classes = {each.name for each in modules.definitions(module) if isinstance(each.node, ast.ClassDef)}
    within = [f"{module.name}:{'.'.join(around[: end + 1])}" for end in range(len(around))]
    return not any(part.startswith("_") for part in (*around, last)) and classes.issuperset(within)
