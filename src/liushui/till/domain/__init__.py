"""Pure rules of the till."""
