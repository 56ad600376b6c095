"""Who bought, as a sale states it for promotions: read strictly, and written back for whoever has to mend it."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct, to_builtins

from liushui.checkout.contracts import Member

_Name = Annotated[str, Meta(min_length=1, max_length=64)]
_Count = Annotated[int, Meta(ge=0, le=1_000_000_000)]
_Birthday = Annotated[str, Meta(pattern="^(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$")]
_Value = Annotated[int, Meta(ge=-(10**15), le=10**15)] | Annotated[str, Meta(max_length=200)]


class MemberIn(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """The shopper as known to the sender at the time of the sale: promotions are priced by this snapshot."""

    id: _Name
    tier: _Name | None = None
    groups: Annotated[list[_Name], Meta(max_length=100)] = []
    birthday: _Birthday | None = None  # MM-DD
    completed_orders: _Count = 0  # orders that were not cancelled, this one excluded
    attributes: Annotated[dict[_Name, _Value], Meta(max_length=100)] = {}


def member_of(stated: MemberIn | str | None) -> Member | None:
    """The snapshot as checkout takes it; None for nobody, and for a number, by which checkout finds the member."""
    if stated is None or isinstance(stated, str):
        return None
    return Member(
        id=stated.id,
        tier=stated.tier,
        groups=tuple(stated.groups),
        birthday=(int(stated.birthday[:2]), int(stated.birthday[3:])) if stated.birthday else None,
        completed_orders=stated.completed_orders,
        attributes=stated.attributes,
    )


def account_of(stated: MemberIn | str | None) -> str:
    """The number of a member of ours; empty for a snapshot and for nobody."""
    return stated if isinstance(stated, str) else ""


def member_json(member: Member) -> object:
    """The snapshot as the API would take it: defaults left out."""
    return to_builtins(
        MemberIn(
            id=member.id,
            tier=member.tier,
            groups=list(member.groups),
            birthday=f"{member.birthday[0]:02}-{member.birthday[1]:02}" if member.birthday else None,
            completed_orders=member.completed_orders,
            attributes=dict(member.attributes),
        )
    )
