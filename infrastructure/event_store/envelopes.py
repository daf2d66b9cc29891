"""Events in their envelopes: each gets its stream, version, time and attribution.

Who only stores a change and looks at none of its events takes `RecordMapper.rows` instead.
"""

from datetime import datetime

from application.records import Change, Recorded


def enclose(change: Change, at: datetime) -> list[Recorded]:
    """The events of a change, numbered on from the version at which its stream stands."""
    attribution = change.attribution
    return [
        Recorded(
            stream=change.stream,
            version=version,
            event=event,
            recorded_at=at,
            actor=attribution.actor,
            causation_id=attribution.causation_id,
            correlation_id=attribution.correlation_id,
            reason=attribution.reason,
        )
        for version, event in enumerate(change.events, start=change.version + 1)
    ]
