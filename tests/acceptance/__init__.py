"""The whole system, as operators and senders see it."""
