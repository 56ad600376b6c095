"""Replace the read models by ones made anew from the orders."""

from __future__ import annotations

from django.db import transaction

from liushui.analytics.actions.apply_sales import locked_read_model
from liushui.analytics.actions.build_generation import (
    Progress,
    build_generation,
    drop_generation,
    drop_stale_generations,
)
from liushui.analytics.models import AppliedSale


def rebuild(*, progress: Progress | None = None) -> int:
    """Count all sales anew and let the result take the old one's place in one write; returns how many sales it holds.

    Readers see the old figures until then. When it is broken off, the next call goes on where it stopped; sales that
    come in meanwhile are in both. `progress` is called with the number of sales counted so far.
    """
    generation = build_generation(progress=progress)
    with transaction.atomic():
        state = locked_read_model()
        if state.building != generation:
            raise RuntimeError("another rebuild has taken this one's place")
        former, state.live, state.building, state.cursor = state.live, generation, None, None
        state.save()
    drop_generation(generation=former)
    drop_stale_generations()
    return AppliedSale.objects.filter(generation=generation).count()
