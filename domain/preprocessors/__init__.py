"""One module for each provider whose values lie where no path leads.

Each has `derive`, a pure function from a body to a few values, and `OUTPUTS`, which says in words what they are. A body
may hold any JSON at all: what is not there, or not of the expected kind, is left out and nothing is ever raised. The
table of them all is `domain.preprocessing`.
"""
