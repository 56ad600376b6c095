"""What intake has to say on the home page."""

from __future__ import annotations

from collections.abc import Sequence

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from liushui.analytics.contracts import Alert
from liushui.intake.queries import quarantine_counts
from liushui.runtime.access import Principal


def quarantine_alerts(principal: Principal) -> Sequence[Alert]:
    """One warning when sales wait in quarantine in the reader's places; one query."""
    if not principal.may("intake.read"):
        return ()
    waiting = sum(
        quarantine_counts(
            store_ids=principal.stores("intake.read"), chain_ids=principal.whole_chains("intake.read")
        ).values()
    )
    if not waiting:
        return ()
    return (
        Alert(
            level="warning",
            title=ngettext("%(count)s sale waits in quarantine", "%(count)s sales wait in quarantine", waiting)
            % {"count": waiting},
            detail=_("They count once they are mended and replayed."),
            url=reverse("intake:quarantine"),
        ),
    )
