"""What breaks in the world, broken on purpose: processes, servers and connections, under load."""
