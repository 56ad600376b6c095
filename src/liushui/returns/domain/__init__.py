"""Pure rules of returns."""
