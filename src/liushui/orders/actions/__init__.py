"""Use cases that write sales, one a file."""
