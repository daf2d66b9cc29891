"""How much the gateway takes, measured in one run beside what the same machine does for nothing."""
