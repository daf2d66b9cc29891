"""The domain is pure: what it decides follows from what it is given, today and in ten years."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture import impurities, modules

# Modules of the standard library without effects: no clock, no chance, no files, no network, nothing global to change.
PURE = {
    "base64",
    "bisect",
    "collections",
    "collections.abc",
    "dataclasses",
    "datetime",
    "decimal",
    "difflib",
    "enum",
    "fractions",
    "functools",
    "hashlib",
    "heapq",
    "hmac",
    "itertools",
    "json",
    "math",
    "operator",
    "re",
    "string",
    "struct",
    "textwrap",
    "types",
    "typing",
    "unicodedata",
    "urllib.parse",
    "uuid",
}
OWN = ("attrs", "domain")

DOMAIN = modules.of("domain")


def test_the_domain_imports_attrs_and_the_pure_standard_library() -> None:
    found = [
        f"{module.path}:{line} imports {name}"
        for module in DOMAIN
        for line, name in _imports(module.tree)
        if not _allowed(name)
    ]
    assert not found, _message(
        found,
        "An effect is pretending to be a decision. Time, ids, chance and facts enter as values: fields of a command, "
        "arguments of a function; the effect itself belongs to application/ or infrastructure/. A module of the "
        "standard library without any effect may be added to PURE in this test.",
    )


def test_the_domain_neither_reads_the_world_nor_changes_it() -> None:
    found = [
        f"{module.path}:{line} {problem}" for module in DOMAIN for line, problem in impurities.found_in(module.tree)
    ]
    assert not found, _message(found, "The domain decides from what it is given, and gives back what it decided.")


@pytest.mark.parametrize(
    "code",
    [
        "import datetime\nat = datetime.datetime.now(datetime.UTC)",
        "from datetime import datetime\nat = datetime.now()",
        "from datetime import datetime as moment\nmake = moment.utcnow",
        "from datetime import date\nday = date.today()",
        "from datetime import datetime\nat = datetime.fromtimestamp(0)",
        "def f(at):\n    return at.astimezone()",
        "import uuid\nnew = uuid.uuid4()",
        "from uuid import uuid4 as new",
        "order = sorted(names, key=hash)",
        "text = open('a').read()",
        "print('a')",
        "def f():\n    global x\n    x = 1",
        "for name in {'a', 'b'}:\n    pass",
        "text = ', '.join({'a', 'b'})",
        "names = [name.upper() for name in set(names)]",
        "SIZES = frozenset({'s', 'm'})\nlisted = tuple(SIZES)",
        "SIZES: frozenset[str] = sizes()\nlisted = [*SIZES]",
        "SIZES = frozenset(sizes)\ndef f():\n    return [size for size in SIZES]",
        "def f():\n    names = {'a', 'b'}\n    return list(names)",
    ],
)
def test_impure_code_is_found(code: str) -> None:
    assert list(impurities.found_in(ast.parse(code)))


@pytest.mark.parametrize(
    "code",
    [
        "from datetime import UTC, datetime\nat = datetime.fromtimestamp(0, UTC)",
        "from datetime import UTC\ndef f(at):\n    return at.astimezone(UTC)",
        "import uuid\nsame = uuid.uuid5(uuid.NAMESPACE_URL, 'a')",
        "class A:\n    id: str\n    today: str\ndef f(a):\n    return a.id, a.today, a.open()",
        "def f(id):\n    return id",
        "SIZES = frozenset({'s', 'm'})\nlisted = sorted(SIZES)\nknown = 's' in SIZES",
        "text = ', '.join(sorted({'a', 'b'}))",
        "for name in sorted({'a', 'b'}):\n    pass",
        "known = any(name in text for name in {'a', 'b'})",
        "def f():\n    names = {'a', 'b'}\n    return 'a' in names\ndef g(names):\n    return list(names)",
        "names = {'a', 'b'}\ndef g(names):\n    return list(names)",
    ],
)
def test_pure_code_is_left_alone(code: str) -> None:
    assert not list(impurities.found_in(ast.parse(code)))


@pytest.mark.parametrize("name", ["time", "random", "os", "logging", "datetime.abc", "eventsourcing", "application"])
def test_an_import_that_is_not_on_the_list_is_not_allowed(name: str) -> None:
    assert not _allowed(name)


def test_there_is_a_domain_to_look_at() -> None:
    assert any(module.path == Path(modules.ROOT, "domain", "evaluation.py") for module in DOMAIN)


def _message(found: list[str], remedy: str) -> str:
    return "\n".join([*found, remedy])


def _allowed(name: str) -> bool:
    return name in PURE or name.partition(".")[0] in OWN


def _imports(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """The modules that are imported; of a relative import, which `domain` does without, the dots."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.lineno, "." * node.level + (node.module or "")
