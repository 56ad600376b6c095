"""Use cases that write, one a file."""
