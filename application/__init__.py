"""The use cases, and the ports that they need. Knows the domain, and no database, network or clock."""
