"""Declare the tiers that members of a chain may have; until there is a loyalty programme the cashier states them."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from liushui.kernel.errors import InvalidValue
from liushui.promotions.access import WRITE, require_whole_chain
from liushui.promotions.contracts import MemberTier
from liushui.promotions.models import MemberTierRow
from liushui.promotions.queries import member_tiers
from liushui.runtime import audit
from liushui.runtime.access import Principal

TIERS_MAX = 50


def save_member_tiers(
    *, chain_id: int, tiers: Sequence[tuple[str, str, str]], principal: Principal
) -> tuple[MemberTier, ...]:
    """Have exactly these tiers, as (code, name_zh, name_en) from the lowest to the highest."""
    require_whole_chain(principal, WRITE, chain_id=chain_id)
    _check(tiers)
    before = {each.code: each for each in member_tiers(chain_id=chain_id)}
    rows = [
        MemberTierRow(chain_id=chain_id, code=code, name_zh=name_zh, name_en=name_en, position=position)
        for position, (code, name_zh, name_en) in enumerate(tiers, start=1)
    ]
    with transaction.atomic():
        MemberTierRow.objects.filter(chain_id=chain_id).exclude(code__in=[row.code for row in rows]).delete()
        MemberTierRow.objects.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=["chain_id", "code"],
            update_fields=["name_zh", "name_en", "position"],
        )
        audit.record(
            principal=principal, action="member_tier.save", target=f"chain:{chain_id}", chain_id=chain_id,
            before={"tiers": list(before)}, after={"tiers": [row.code for row in rows]},
        )  # fmt: skip
    return member_tiers(chain_id=chain_id)


def _check(tiers: Sequence[tuple[str, str, str]]) -> None:
    if len(tiers) > TIERS_MAX:
        raise InvalidValue(f"{len(tiers)} tiers are more than {TIERS_MAX}", pointer="/tiers")
    seen = set()
    for position, (code, name_zh, name_en) in enumerate(tiers):
        pointer = f"/tiers/{position}"
        if not code or len(code) > 64 or not code.isprintable() or code != code.strip():
            raise InvalidValue("A tier has a code of 1 to 64 characters", pointer=f"{pointer}/code")
        if code in seen:
            raise InvalidValue(f"Tier {code!r} stands there twice", pointer=f"{pointer}/code")
        if not (name_zh.strip() or name_en.strip()) or max(len(name_zh), len(name_en)) > 128:
            raise InvalidValue("A tier has a name of up to 128 characters", pointer=f"{pointer}/name")
        seen.add(code)
