"""A payment provider that moves no money: a process of its own that behaves, and misbehaves, as real ones do."""
