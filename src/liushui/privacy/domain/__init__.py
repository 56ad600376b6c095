"""Pure rules: how personal data is written and how it is hidden."""
