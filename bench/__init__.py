"""The numbers that we hold ourselves to, each beside what a user would pick instead: `python -m bench`."""
