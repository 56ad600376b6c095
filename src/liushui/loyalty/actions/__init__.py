"""What is done with members, points and value: one file for each use."""
