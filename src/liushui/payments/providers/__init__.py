"""Providers of payments behind one port: port.py says what each must do, the others are adapters."""
