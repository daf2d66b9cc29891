"""The shapes of the API that we answer in place of: which fields there are and of which type, and a checker."""
