"""Configurations through time: each version with the edit that made it, the one in force then, and what changed."""

from collections.abc import Sequence
from datetime import datetime

import attrs

from application.explaining import Edit, edit_of
from application.ports import EventStore
from domain import configuration_differences, configurations, errors
from domain.configuration_differences import Difference
from domain.configurations import Configuration

Which = int | datetime
"""A version by its number, or a time at which it was in force."""


class VersionUnknown(errors.Refused):
    """There is no such version, or there was none yet."""


@attrs.frozen(kw_only=True)
class Version:
    """A configuration as it stood, and the edit that made it so."""

    configuration: Configuration
    edit: Edit


@attrs.frozen(kw_only=True)
class Comparison:
    """Two versions, what is different between them, and the edits that led from one to the other."""

    before: Version
    after: Version
    differences: tuple[Difference, ...]
    edits: Sequence[Version]


@attrs.frozen(kw_only=True)
class ConfigurationVersions:
    """The use cases; they only read. An edit is in force from the moment in which it was recorded."""

    store: EventStore

    def versions(self, source: str, environment: str) -> Sequence[Version]:
        """Every version, the oldest first; none if there is no such configuration."""
        state: Configuration | None = None
        found = []
        for recorded in self.store.history(configurations.stream(source, environment)):
            assert isinstance(recorded.event, configurations.Event)
            state = configurations.evolve(state, recorded.event)
            assert state is not None
            found.append(Version(configuration=state, edit=edit_of(recorded)))
        return found

    def version(self, source: str, environment: str, which: Which) -> Version:
        """One version. Raises VersionUnknown."""
        return _chosen(self.versions(source, environment), which, "version")

    def comparison(self, source: str, environment: str, before: Which, after: Which | None) -> Comparison:
        """What is different between two versions, the later of which is the present one unless named."""
        versions = self.versions(source, environment)
        left = _chosen(versions, before, "from")
        right = versions[-1] if after is None else _chosen(versions, after, "to")
        first, last = sorted((left.configuration.version, right.configuration.version))
        return Comparison(
            before=left,
            after=right,
            differences=configuration_differences.between(left.configuration, right.configuration),
            edits=versions[first:last],
        )


def _chosen(versions: Sequence[Version], which: Which, field: str) -> Version:
    if isinstance(which, int):
        if 1 <= which <= len(versions):
            return versions[which - 1]
        raise VersionUnknown(f"{field} is {which}; the versions are 1 to {len(versions)}", field=field)
    found = [each for each in versions if each.edit.at <= which]
    if found:
        return found[-1]
    begun = versions[0].edit.at.isoformat() if versions else "never"
    raise VersionUnknown(f"{field} is {which.isoformat()}; the first version is of {begun}", field=field)
