"""Making what is on record unreadable by destroying its keys, with read models that agree with the log afterwards."""
