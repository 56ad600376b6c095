"""Use cases of the checkout, one a file."""
