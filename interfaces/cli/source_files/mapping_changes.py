"""How the mappings of a server become those that a file wants."""

from collections.abc import Callable, Iterator, Sequence

import attrs

from domain import mappings
from interfaces.cli.source_files.comparing import Shown, same
from interfaces.cli.source_files.wanted import ApiMapping
from interfaces.cli.yaml_files.lines import Line, brief, visible

MEMBERS = ("event_type", "action_type", "action_parameters", "active", "only_newer")
SWITCHES = ("active", "only_newer")


@attrs.frozen
class MappingChanges:
    """Which mappings come and go, and which become which."""

    added: tuple[ApiMapping, ...]
    removed: tuple[ApiMapping, ...]
    changed: tuple[tuple[ApiMapping, ApiMapping], ...]

    def lines(self) -> Iterator[Line]:
        """A line for each; for changed ones one for each parameter."""
        yield from (Line("-", _titled(each)) for each in self.removed)
        for before, after in self.changed:
            yield from _change_lines(before, after)
        yield from (Line("+", f"{_titled(each)} {_details(each)}") for each in self.added)


def compare(wanted: Sequence[ApiMapping], shown: Sequence[Shown]) -> MappingChanges:
    """How the mappings that are `shown` become those that are `wanted`.

    As the server finds it out: equal ones are the same, and of the rest those of one kind. Their order is that of their
    making, whatever that of the file.
    """
    left: list[ApiMapping] = [{name: each.get(name, False) for name in MEMBERS} for each in shown]
    open_still = list(wanted)
    changed: list[tuple[ApiMapping, ApiMapping]] = []
    for means in (same, _same_parameters, _same_kind):
        pairs = [(_taken(left, each, means), each) for each in open_still]
        changed += [(before, after) for before, after in pairs if before is not None and not same(before, after)]
        open_still = [after for before, after in pairs if before is None]
    return MappingChanges(tuple(open_still), tuple(left), tuple(changed))


def _taken(
    left: list[ApiMapping], wanted: ApiMapping, means: Callable[[ApiMapping, ApiMapping], bool]
) -> ApiMapping | None:
    """The first that `wanted` means, taken out of `left`."""
    found = next((index for index, other in enumerate(left) if means(other, wanted)), None)
    return None if found is None else left.pop(found)


def _same_parameters(one: ApiMapping, other: ApiMapping) -> bool:
    return _same_kind(one, other) and same(one["action_parameters"], other["action_parameters"])


def _same_kind(one: ApiMapping, other: ApiMapping) -> bool:
    return _kind(one) == _kind(other)


def _kind(mapping: ApiMapping) -> tuple[str, str, str]:
    return mappings.identity(mapping["event_type"], mapping["action_type"], mapping["action_parameters"])


def _titled(mapping: ApiMapping) -> str:
    return f"mapping on {visible(mapping['event_type'])} do {visible(mapping['action_type'])}"


def _details(mapping: ApiMapping) -> str:
    switches = f"{'' if mapping['active'] else ', not active'}{', only newer' if mapping.get('only_newer') else ''}"
    return f"with {brief(mapping['action_parameters'])}{switches}"


def _change_lines(before: ApiMapping, after: ApiMapping) -> Iterator[Line]:
    earlier, later = before["action_parameters"], after["action_parameters"]
    for name in sorted({*earlier, *later}):
        if name not in later:
            yield Line("-", f"{_titled(after)}: with.{visible(name)}: {brief(earlier[name])}")
        elif name not in earlier:
            yield Line("+", f"{_titled(after)}: with.{visible(name)}: {brief(later[name])}")
        elif not same(earlier[name], later[name]):
            words = f"{brief(earlier[name])} → {brief(later[name])}"
            yield Line("~", f"{_titled(after)}: with.{visible(name)}: {words}")
    for name in SWITCHES:
        if before.get(name, False) != after.get(name, False):
            yield Line("~", f"{_titled(after)}: {name}: {brief(before[name])} → {brief(after[name])}")
