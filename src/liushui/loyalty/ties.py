"""What the accounts of a chain hold together, to be laid beside what the ledger sums up to."""

from __future__ import annotations

from django.db.models import Sum

from liushui.loyalty.models import AccountRow, HoldRow


def held_by_accounts(*, chain_id: int) -> dict[str, int]:
    """Points, principal, gift and gift_card as the accounts state them, what orders hold among it. Two statements."""
    found = dict.fromkeys(("points", "principal", "gift", "gift_card"), 0)
    accounts = AccountRow.objects.filter(chain_id=chain_id).order_by().values_list("kind")
    holds = HoldRow.objects.filter(chain_id=chain_id, state="held").order_by().values_list("account_kind")
    for kind, points, principal, gift in (
        *accounts.annotate(Sum("points_free"), Sum("principal_free_minor"), Sum("gift_free_minor")),
        *holds.annotate(Sum("points"), Sum("principal_minor"), Sum("gift_minor")),
    ):
        found["points"] += int(points or 0)
        found["gift_card" if kind == "gift_card" else "principal"] += int(principal or 0)
        found["gift"] += int(gift or 0)
    return found
