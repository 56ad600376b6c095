"""Django's PostgreSQL, with row security: settings name this package as ENGINE."""
