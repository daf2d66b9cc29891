"""Functions and modules stay short and flat. How lines are counted stands in `tests.architecture.modules`."""

import ast
import statistics
from collections.abc import Iterator, Sequence

import attrs
import pytest

from tests.architecture import modules
from tests.architecture.modules import Definition, Module

MEDIAN_FUNCTION = 6
NINE_IN_TEN = 15
LONGEST_FUNCTION = 30
LONGEST_FLAT_MATCH = 50
MEDIAN_MODULE = 100
LONGEST_MODULE = 250
USUAL_DEPTH = 2
DEEPEST = 3

# Function -> how long it may be, each with its reason. Whoever shortens one takes its line out, which a test checks.
LONGER_FUNCTIONS: dict[str, int] = {
    # A list of SQL statements and nothing else; the library wants them made where the recorder is made.
    "infrastructure.event_store.recorder:AppendByFunction.__init__": 70,
    # The wiring, in one place and without a branch, so that it reads from top to bottom.
    "infrastructure.composition.serving:gateway": 60,
}

BRANCHES = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.Try, ast.TryStar, ast.Match)

LAYERS = modules.of(*modules.LAYERS)


@attrs.frozen(kw_only=True)
class Measured:
    """A function, its lines of code, how deep its branches are nested, and how long it may be."""

    name: str
    lines: int
    depth: int
    limit: int

    def __str__(self) -> str:
        return f"{self.name}: {self.lines} lines, {self.depth} deep"


def test_half_of_all_functions_are_very_short() -> None:
    median = statistics.median(function.lines for function in FUNCTIONS)
    assert median <= MEDIAN_FUNCTION, (
        f"the median function has {median} lines of code, not {MEDIAN_FUNCTION}: give steps names of their own, "
        f"the longest first:\n{_listed(_longest()[:20])}"
    )


def test_nine_functions_in_ten_are_short() -> None:
    long = [function for function in _longest() if function.lines > NINE_IN_TEN]
    assert len(long) * 10 <= len(FUNCTIONS), (
        f"{len(long)} of {len(FUNCTIONS)} functions have over {NINE_IN_TEN} lines of code: give steps names of their "
        f"own until it is one in ten:\n{_listed(long)}"
    )


def test_no_function_is_long() -> None:
    found = [function for function in _longest() if function.lines > function.limit]
    assert not found, (
        f"over {LONGEST_FUNCTION} lines of code ({LONGEST_FLAT_MATCH} for a flat match): a function this long does "
        f"several things; give each a name and a function:\n{_listed(found)}"
    )


def test_branches_are_never_nested_deep() -> None:
    found = [function for function in FUNCTIONS if function.depth > DEEPEST]
    assert not found, (
        f"branches nested over {DEEPEST} deep: return early, or move the inner loop into a function:\n{_listed(found)}"
    )


def test_branches_are_usually_nested_no_more_than_twice() -> None:
    found = [function for function in FUNCTIONS if function.depth > USUAL_DEPTH]
    assert len(found) * 20 <= len(FUNCTIONS), (
        f"{len(found)} of {len(FUNCTIONS)} functions nest branches over {USUAL_DEPTH} deep: return early, or move the "
        f"inner loop into a function, until it is one in twenty:\n{_listed(found)}"
    )


def test_half_of_all_modules_are_short() -> None:
    median = statistics.median(len(module.code) for module in LAYERS if module.code)
    assert median <= MEDIAN_MODULE, f"the median module has {median} lines of code, not {MEDIAN_MODULE}: split concepts"


def test_no_module_is_long() -> None:
    found = [f"{module.path}: {len(module.code)}" for module in LAYERS if len(module.code) > LONGEST_MODULE]
    assert not found, (
        f"over {LONGEST_MODULE} lines of code: {found}. Such a module holds two concepts, and the second has no name "
        "yet; find it and move it into a module of that name"
    )


def test_exceptions_are_still_needed() -> None:
    lines = {function.name: function.lines for function in FUNCTIONS}
    stale = [name for name in LONGER_FUNCTIONS if lines.get(name, 0) <= LONGEST_FUNCTION]
    assert not stale, f"take these out of LONGER_FUNCTIONS, they are short or gone: {stale}"


@pytest.mark.parametrize(
    ("code", "lines"),
    [
        ("def f():\n    return 1", 2),
        ("@cached\ndef f():\n    return 1", 2),
        ('def f():\n    """One.\n\n    Two.\n    """\n\n    # why\n    return 1  # so', 2),
        ("def f(\n    a,\n    b,\n):\n    return [\n        a,\n        b,\n    ]", 8),
        ('def f():\n    return """a\n\nb"""', 4),
        ("def f():\n    def g():\n        return 1\n\n    return g", 4),
    ],
)
def test_lines_of_code_are_counted_from_def_to_end(code: str, lines: int) -> None:
    assert _measured(code)[0].lines == lines


@pytest.mark.parametrize("code", ['def f():\n    """Say."""', "def f(): ...", 'def f():\n    """Say."""\n    ...'])
def test_a_mere_declaration_is_no_function(code: str) -> None:
    assert not _measured(code)


@pytest.mark.parametrize(
    ("code", "depth"),
    [
        ("return 1", 0),
        ("if a:\n        b()", 1),
        ("if a:\n        b()\n    elif c:\n        d()\n    else:\n        e()", 1),
        ("if a:\n        b()\n    else:\n        c()\n        if d:\n            e()", 2),
        ("for a in b:\n        if c:\n            while d:\n                e()", 3),
        ("with a:\n        if b:\n            c()", 1),
        ("match a:\n        case 1:\n            if b:\n                c()", 2),
        ("try:\n        a()\n    except E:\n        if b:\n            c()", 2),
        ("if a:\n        def g():\n            if b:\n                c()", 1),
    ],
)
def test_depth_counts_branches_and_loops(code: str, depth: int) -> None:
    assert _measured(f"def f():\n    {code}")[0].depth == depth


@pytest.mark.parametrize(
    ("code", "limit"),
    [
        ("match a:\n        case 1:\n            return b", LONGEST_FLAT_MATCH),
        ('"""Say."""\n    match a:\n        case 1:\n            return b', LONGEST_FLAT_MATCH),
        ("match a:\n        case 1:\n            if b:\n                return c", LONGEST_FUNCTION),
        ("x = 1\n    match a:\n        case 1:\n            return b", LONGEST_FUNCTION),
    ],
)
def test_only_a_flat_match_may_be_longer(code: str, limit: int) -> None:
    assert _measured(f"def f():\n    {code}")[0].limit == limit


def _measured(code: str) -> list[Measured]:
    return list(_functions(modules.parsed("code", modules.ROOT, code)))


def _functions(module: Module) -> Iterator[Measured]:
    for definition in modules.definitions(module):
        node = definition.node
        if not isinstance(node, ast.ClassDef) and not _declaration(modules.body(node)):
            yield Measured(
                name=definition.name,
                lines=modules.size(module, node),
                depth=_depth(node.body),
                limit=_limit(definition),
            )


def _declaration(body: Sequence[ast.stmt]) -> bool:
    return all(isinstance(each, ast.Expr) and isinstance(each.value, ast.Constant) for each in body)


def _limit(definition: Definition) -> int:
    body = modules.body(definition.node)
    flat_match = len(body) == 1 and isinstance(body[0], ast.Match) and _depth(body) == 1
    return LONGER_FUNCTIONS.get(definition.name, LONGEST_FLAT_MATCH if flat_match else LONGEST_FUNCTION)


def _depth(nodes: Sequence[ast.AST]) -> int:
    """How deep branches and loops are nested; `elif` is no deeper than its `if`, a function within starts anew."""
    return max((_depth_of(node) for node in nodes), default=0)


def _depth_of(node: ast.AST) -> int:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return 0
    if isinstance(node, ast.If) and len(node.orelse) == 1 and isinstance(node.orelse[0], ast.If):
        return max(1 + _depth(node.body), _depth(node.orelse))
    return isinstance(node, BRANCHES) + _depth(list(ast.iter_child_nodes(node)))


def _longest() -> list[Measured]:
    return sorted(FUNCTIONS, key=lambda function: -function.lines)


def _listed(functions: Sequence[Measured]) -> str:
    return "\n".join(map(str, functions))


FUNCTIONS = [function for module in LAYERS for function in _functions(module)]
