"""The use cases over adapters in memory: no network, no database, no mocks."""
