"""The printed numbers of tickets."""

from __future__ import annotations


def ticket_number(*, store_code: str, workstation_code: str, sequence: int, is_training: bool) -> str:
    """S01-T1-000123; training has a series of its own with T- before it, so that nobody takes one for a receipt."""
    return f"{'T-' if is_training else ''}{store_code}-{workstation_code}-{sequence:06}"


def ticket_series(*, workstation_id: int, is_training: bool) -> str:
    """The name of the series that gives a workstation's tickets their numbers."""
    return f"{'training' if is_training else 'ticket'}:{workstation_id}"


def value_number(*, store_code: str, workstation_code: str, sequence: int, is_training: bool) -> str:
    """V-S01-T1-000007: top-ups and gift cards have a series of their own, since they are no sales."""
    return f"{'T-' if is_training else ''}V-{store_code}-{workstation_code}-{sequence:06}"


def value_series(*, workstation_id: int, is_training: bool) -> str:
    """The name of the series that numbers a workstation's sales of value."""
    return f"{'training-value' if is_training else 'value'}:{workstation_id}"


def shift_series(*, workstation_id: int, is_training: bool) -> str:
    """The name of the series that numbers a workstation's shifts."""
    return f"{'training-shift' if is_training else 'shift'}:{workstation_id}"


def z_series(*, store_id: int) -> str:
    """The name of the series that numbers a store's Z reports."""
    return f"z:{store_id}"
