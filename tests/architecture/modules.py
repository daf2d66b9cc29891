"""The project's own Python modules, read and parsed, and how their lines are counted.

What counts as a line of code, so that the numbers are honest and do not move when somebody explains something:

- a line that carries at least one token of the program counts, closing brackets and every line of a multi-line string
  included;
- blank lines, comments and docstrings do not;
- a function's lines are those from its `def` to its end: the signature counts, decorators do not, and the lines of a
  function inside it count for both. Its declaration alone (a protocol's method, `...`) is no function.
"""

import ast
import functools
import io
import tokenize
from collections.abc import Iterator
from pathlib import Path

import attrs

ROOT = Path(__file__).parents[2]
LAYERS = ("domain", "application", "infrastructure", "interfaces")
EVERYTHING = (*LAYERS, "tests", "benchmarks")

Function = ast.FunctionDef | ast.AsyncFunctionDef
NOT_CODE = frozenset(
    {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
)


@attrs.frozen(kw_only=True, eq=False)
class Module:
    """A module: its dotted name, where it is and what is in it. `code` are the numbers of its lines of code."""

    name: str
    path: Path
    tree: ast.Module = attrs.field(repr=False)
    code: frozenset[int] = attrs.field(repr=False)


@attrs.frozen(kw_only=True)
class Definition:
    """A class or function, with the name that leads to it: `domain.paths:Path.__str__`."""

    name: str
    node: ast.ClassDef | Function


@functools.cache
def of(*folders: str) -> tuple[Module, ...]:
    """The modules in these folders of the project, as far as there are any."""
    paths = sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    return tuple(_module(path) for path in paths)


def parsed(name: str, path: Path, text: str) -> Module:
    """The module that `text` is."""
    tree = ast.parse(text)
    return Module(name=name, path=path, tree=tree, code=_lines_of_tokens(text) - _lines_of_docstrings(tree))


@functools.cache
def definitions(module: Module) -> tuple[Definition, ...]:
    """Every class and function of a module, those inside others too."""
    return tuple(_definitions(module.tree, f"{module.name}:"))


def body(node: ast.Module | ast.ClassDef | Function) -> list[ast.stmt]:
    """The statements of a definition without its docstring."""
    return node.body[1:] if ast.get_docstring(node, clean=False) is not None else node.body


def size(module: Module, node: ast.stmt) -> int:
    """The lines of code of a statement, from its first line to its last."""
    return sum(node.lineno <= line <= (node.end_lineno or node.lineno) for line in module.code)


def _module(path: Path) -> Module:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return parsed(".".join(parts).removesuffix(".__init__"), path, path.read_text())


def _definitions(node: ast.AST, prefix: str) -> Iterator[Definition]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield Definition(name=prefix + child.name, node=child)
            yield from _definitions(child, f"{prefix}{child.name}.")
        else:
            yield from _definitions(child, prefix)


def _lines_of_tokens(text: str) -> frozenset[int]:
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    spans = (range(each.start[0], each.end[0] + 1) for each in tokens if each.type not in NOT_CODE)
    return frozenset(line for span in spans for line in span)


def _lines_of_docstrings(tree: ast.Module) -> frozenset[int]:
    """Also those that stand under a constant or a type and say what it means."""
    strings = (
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    )
    return frozenset(line for node in strings for line in range(node.lineno, (node.end_lineno or 0) + 1))
