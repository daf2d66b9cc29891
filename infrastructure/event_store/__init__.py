"""The event store: the eventsourcing library under our own envelope, codec and append function."""
