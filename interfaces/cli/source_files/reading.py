"""All files of a directory: which there are, and what they want. Everything that is wrong is told at once."""

from collections.abc import Mapping

from interfaces.cli.source_files import source_reading, variable_reading
from interfaces.cli.source_files.source_reading import CheckOptions
from interfaces.cli.source_files.wanted import Source, Variable, Wanted
from interfaces.cli.yaml_files import findings
from interfaces.cli.yaml_files.findings import FilesRefused, Problem
from interfaces.cli.yaml_files.folders import ENDING, SCRIPT_ENDING

VARIABLES = f"variables{ENDING}"
_SOURCE_CALLED_VARIABLES = f"variables.source{ENDING}"

Files = Mapping[str, str]
"""The texts of a directory's files, by name."""


def file_of(key: str) -> str:
    """The name of the file of a source."""
    name = f"{key}{ENDING}"
    return _SOURCE_CALLED_VARIABLES if name == VARIABLES else name


def key_of(file: str) -> str | None:
    """The source whose file that is; None if it is no source's."""
    if file == VARIABLES or not file.endswith(ENDING):
        return None
    return "variables" if file == _SOURCE_CALLED_VARIABLES else file.removesuffix(ENDING)


def read(files: Files, check_options: CheckOptions) -> Wanted:
    """What the files want. Raises FilesRefused with everything that is wrong with them."""
    problems: list[Problem] = []
    scripts = {name: text for name, text in files.items() if name.endswith(SCRIPT_ENDING)}
    sources: dict[str, Source] = {}
    variables: dict[str, Variable] | None = None
    for file in sorted(files):
        key = key_of(file)
        if file != VARIABLES and key is None:
            continue
        spot = findings.content(file, files[file], problems)
        if spot is None:
            continue
        if key is None:
            variables = variable_reading.read(spot)
        else:
            sources[key] = source_reading.read(key, spot, scripts, check_options)
    if problems:
        raise FilesRefused(problems)
    return Wanted(sources=sources, variables=variables)
