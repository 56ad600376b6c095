"""Pure rules of recorded sales."""
