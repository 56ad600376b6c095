"""Use cases of returns, one a file."""
