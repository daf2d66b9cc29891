"""The ways in: HTTP and the command line. Parse, call a use case, render; nothing is decided here."""
