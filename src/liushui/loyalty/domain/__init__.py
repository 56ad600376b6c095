"""Pure rules of loyalty: no Django, no I/O, no clock."""
