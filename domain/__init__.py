"""What Hookledger decides: events, states and pure functions over them, and nothing that touches the world."""
