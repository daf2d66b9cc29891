"""What makes code impure, found in its syntax tree.

Reading the clock, chance or files; changing what is global; relying on an order that differs from process to process.
"""

import ast
from collections.abc import Iterator

Scope = ast.Module | ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda

# What is impure in a module that is otherwise pure, and the built-in functions that reach outside or differ from run
# to run: text hashes differently in every process, so the order of a set of texts does too.
IMPURE = {
    "datetime.date.today": "take the day as a field of the command, as `at`",
    "datetime.datetime.now": "take the time as a field of the command, as `at`",
    "datetime.datetime.today": "take the time as a field of the command, as `at`",
    "datetime.datetime.utcnow": "take the time as a field of the command, as `at`",
    "uuid.getnode": "take ids as fields of the command",
    "uuid.uuid1": "take ids as fields of the command, or derive them with uuid.uuid5",
    "uuid.uuid4": "take ids as fields of the command, or derive them with uuid.uuid5",
    "uuid.uuid6": "take ids as fields of the command, or derive them with uuid.uuid5",
    "uuid.uuid7": "take ids as fields of the command, or derive them with uuid.uuid5",
}
BUILT_IN = {
    "__import__": "import at the top of the module",
    "breakpoint": "take it out",
    "eval": "write a parser for exactly what is meant",
    "exec": "write a parser for exactly what is meant",
    "globals": "pass values as arguments",
    "hash": "use hashlib: hash() of a text differs from process to process",
    "id": "compare with == or is: id() differs from process to process",
    "input": "take what people say as fields of the command",
    "open": "have infrastructure/ read the file and pass what is in it",
    "print": "return a value, or an event, for others to show",
}
ORDERED = {"dict", "enumerate", "iter", "list", "map", "next", "tuple", "zip"}
"""Functions whose result has the order of their argument."""

UNORDERED = {"all", "any", "frozenset", "len", "max", "min", "set", "sorted", "sum"}
"""Functions whose result is the same whatever the order of their argument."""


def found_in(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Each line with what is impure there and what to do instead."""
    imported, bound = _imported_names(tree), _bound_names(ast.walk(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.Global):
            yield node.lineno, "says `global`: pass values as arguments and return new ones"
        elif isinstance(node, ast.Call) and (problem := _local_time(node, imported)):
            yield node.lineno, problem
        elif isinstance(node, ast.expr | ast.ImportFrom):
            yield from ((node.lineno, problem) for problem in _reaches_out(node, imported, bound))
    for line in _sets_in_order(tree, frozenset()):
        yield line, "takes a set in its own order, which differs from process to process: sort it"


def _imported_names(tree: ast.Module) -> dict[str, str]:
    """What each imported name stands for: `{"moment": "datetime.datetime"}`."""
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.asname or alias.name.partition(".")[0]: alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    return names


def _bound_names(nodes: Iterator[ast.AST]) -> frozenset[str]:
    """Names that the code itself gives a meaning: by assignment, or as an argument."""
    names = set()
    for node in nodes:
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            names.add(node.id)
        elif isinstance(node, ast.arg):
            names.add(node.arg)
    return frozenset(names)


def _dotted(node: ast.AST, imported: dict[str, str]) -> str | None:
    if isinstance(node, ast.Name):
        return imported.get(node.id)
    if isinstance(node, ast.Attribute) and (before := _dotted(node.value, imported)):
        return f"{before}.{node.attr}"
    return None


def _reaches_out(node: ast.expr | ast.ImportFrom, imported: dict[str, str], bound: frozenset[str]) -> Iterator[str]:
    if isinstance(node, ast.ImportFrom):
        names = [f"{node.module}.{alias.name}" for alias in node.names]
        yield from (f"imports {name}: {IMPURE[name]}" for name in names if name in IMPURE)
    elif (name := _dotted(node, imported)) in IMPURE:
        yield f"uses {name}: {IMPURE[name]}"
    elif isinstance(node, ast.Name) and node.id in BUILT_IN and node.id not in bound:
        yield f"uses {node.id}(): {BUILT_IN[node.id]}"


def _local_time(call: ast.Call, imported: dict[str, str]) -> str | None:
    if not isinstance(call.func, ast.Attribute):
        return None
    given = len(call.args) + len(call.keywords)
    if call.func.attr == "astimezone" and not given:
        return "calls astimezone() without a zone, which means the machine's: say astimezone(UTC)"
    if _dotted(call.func, imported) == "datetime.datetime.fromtimestamp" and given == 1:
        return "calls fromtimestamp() without a zone, which means the machine's: give it UTC"
    return None


def _sets_in_order(scope: Scope, around: frozenset[str]) -> Iterator[int]:
    """The lines of `scope` where a set is taken in order; `around` are the names that are sets outside of it."""
    within, inner = _contents(scope)
    sets = around - _bound_names(iter(within)) | {name for node in within for name in _names_of_sets(node)}
    harmless = {id(each) for node in within for each in _asked_without_order(node)}
    for node in within:
        taken = () if id(node) in harmless else _taken_in_order(node)
        yield from (each.lineno for each in taken if _is_set(each, sets))
    for each in inner:
        yield from _sets_in_order(each, sets)


def _contents(scope: Scope) -> tuple[list[ast.AST], list[Scope]]:
    """What a scope holds, and the scopes directly within it, apart."""
    within: list[ast.AST] = []
    inner: list[Scope] = []
    waiting = list(ast.iter_child_nodes(scope))
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            inner.append(node)
        else:
            within.append(node)
            waiting += ast.iter_child_nodes(node)
    return within, inner


def _names_of_sets(node: ast.AST) -> list[str]:
    """Names that an assignment or annotation says to be sets."""
    if isinstance(node, ast.Assign) and _is_set(node.value, frozenset()):
        return [target.id for target in node.targets if isinstance(target, ast.Name)]
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and _annotates_set(node.annotation):
        return [node.target.id]
    return [node.arg] if isinstance(node, ast.arg) and node.annotation and _annotates_set(node.annotation) else []


def _annotates_set(annotation: ast.expr) -> bool:
    return ast.unparse(annotation).partition("[")[0] in {"set", "frozenset", "Set", "AbstractSet"}


def _asked_without_order(node: ast.AST) -> list[ast.expr]:
    """Generators whose order does not matter, such as that of `any(… for … in …)`."""
    match node:
        case ast.Call(func=ast.Name(id=name)) if name in UNORDERED:
            return node.args
        case _:
            return []


def _taken_in_order(node: ast.AST) -> list[ast.expr]:
    """The expressions whose elements `node` takes one after the other into something that has an order."""
    match node:
        case ast.For() | ast.AsyncFor():
            return [node.iter]
        case ast.ListComp() | ast.GeneratorExp() | ast.DictComp():
            return [node.generators[0].iter]
        case ast.Starred():
            return [node.value]
        case ast.Call(func=ast.Name(id=name)) if name in ORDERED:
            return node.args
        case ast.Call(func=ast.Attribute(attr="join")):
            return node.args
        case _:
            return []


def _is_set(node: ast.expr, names: frozenset[str]) -> bool:
    match node:
        case ast.Set() | ast.SetComp():
            return True
        case ast.Call(func=ast.Name(id="set" | "frozenset")):
            return True
        case ast.Name(id=name):
            return name in names
        case _:
            return False
