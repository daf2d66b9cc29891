"""The secrets that the references in the files lead to, read at the last moment."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from interfaces.cli.source_files import planning, references
from interfaces.cli.source_files.references import Reference
from interfaces.cli.source_files.wanted import Wanted
from interfaces.cli.yaml_files.findings import Spot


def resolve(wanted: Wanted, environ: Mapping[str, str], directory: Path, *, all_of_them: bool) -> dict[Reference, str]:
    """What each reference leads to. Raises FilesRefused for those that lead to nothing, if it must be `all_of_them`."""
    found: dict[Reference, str] = {}
    for reference, spot in _references(wanted):
        try:
            found[reference] = references.resolve(reference, environ, directory)
        except references.Unresolved as problem:
            if all_of_them:
                spot.refuse(str(problem))
    planning.refuse_all(wanted)
    return found


def _references(wanted: Wanted) -> Iterator[tuple[Reference, Spot]]:
    for source in wanted.sources.values():
        for slug, environment in source.environments.items():
            spot = source.spot.at("environments").at(slug).at("secrets")
            yield from ((reference, spot.at(name)) for name, reference in environment.secrets.items())
    for variable in (wanted.variables or {}).values():
        for place, value in variable.values.items():
            if isinstance(value, Reference):
                spot = variable.spot.at("environments").at(place) if place else variable.spot.at("value")
                yield value, spot
