"""Take somebody in as a member, by phone: once, however often and by however many tills at a time it is asked."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.db import transaction

from liushui.kernel.ids import new_id
from liushui.loyalty import ledger, sql
from liushui.loyalty.contracts import CHANNELS, Channel, Joined
from liushui.loyalty.domain import numbers
from liushui.loyalty.errors import JoinRefused
from liushui.loyalty.member_queries import active_member, by_phone, member, members_of
from liushui.privacy import facade as privacy

_TRIES = 8  # numbers at random; of ten thousand million


def join(
    *,
    chain_id: int,
    phone: str,
    name: str = "",
    birthday: str = "",
    email: str = "",
    store_id: int | None = None,
    channel: Channel,
    consents: Mapping[str, str],
    member_id: UUID | None = None,
    now: datetime,
) -> Joined:
    """Make a member of who has this phone; who is one already is answered as he stands, and nothing is changed.

    `consents` gives the notice's version by purpose; without `membership` nobody joins. A `member_id` made by the
    caller is taken for a new member. Raises JoinRefused, UnknownNotice, and InvalidPersonalData for what is no phone,
    birthday or e-mail; nothing is kept then. Of those who join with one phone at once, privacy lets one make the
    person, and the person's id is one member's only: the others are answered that one.
    """
    if channel not in CHANNELS:
        raise JoinRefused(f"Nobody joins by {channel!r}", pointer="/channel")
    if not consents.get("membership"):
        raise JoinRefused("A member agrees to membership first", pointer="/consents")
    currency = ledger.currency_of(chain_id=chain_id)
    ledger.business_date(chain_id=chain_id, store_id=store_id, at=now)  # refuses a store of another chain
    normal = privacy.normalise(field="phone", value=phone)
    known = by_phone(chain_id=chain_id, phone=normal)
    if known is not None:
        return Joined(member=known, is_new=False)
    given = {"phone": normal, "name": name.strip(), "birthday": birthday.strip(), "email": email.strip()}
    fields = {key: value for key, value in given.items() if value}
    for purpose, version in consents.items():  # before anything is kept of somebody who agreed to what is not there
        privacy.notice(chain_id=chain_id, purpose=purpose, version=version)
    subject_id = _person_without_membership(chain_id, normal)
    if subject_id is None:
        subject_id = privacy.create_subject(chain_id=chain_id, fields=fields, unique=("phone",), now=now)
    elif len(fields) > 1:  # what is said now takes the place of what was kept before
        privacy.update_subject(
            subject_id=subject_id, fields={key: value for key, value in fields.items() if key != "phone"},
            principal=None, reason="joined as a member", now=now,
        )  # fmt: skip
    for purpose, version in sorted(consents.items()):
        privacy.give_consent(subject_id=subject_id, purpose=purpose, notice_version=version, channel=channel, now=now)
    for _ in range(_TRIES):
        is_new = _write(member_id or new_id(), chain_id, subject_id, currency, store_id, channel, now)
        found = members_of(subject_ids=[subject_id]).get(subject_id)
        if found is not None:
            return Joined(member=found if is_new else active_member(member_id=found.id), is_new=is_new)
        if member_id is not None and member(member_id=member_id) is not None:
            raise JoinRefused("This id is another member's", pointer="/member_id")
    raise JoinRefused("No free member number was found", remedy="Try again.")


def open_account(*, account_id: UUID, chain_id: int, kind: str, currency: str) -> None:
    """An empty account; one that is there stays as it is."""
    sql.insert(
        table="loyalty_account",
        columns=(
            *("id", "chain_id", "kind", "currency", "is_open", "points_free", "principal_free_minor"),
            *("gift_free_minor", "held_gift_minor"),
        ),
        rows=[(account_id, chain_id, kind, currency, True, 0, 0, 0, 0)],
        keys="id",
        returning="id",
    )


def _person_without_membership(chain_id: int, phone: str) -> UUID | None:
    """Somebody whose data is kept and who is no member: what a crash left, or a customer of another kind."""
    people = privacy.find_subjects(chain_id=chain_id, field="phone", value=phone)
    taken = members_of(subject_ids=people)
    return next((each for each in people if each not in taken), None)


def _write(
    member_id: UUID,
    chain_id: int,
    subject_id: UUID,
    currency: str,
    store_id: int | None,
    channel: Channel,
    now: datetime,
) -> bool:
    """Write the member with its account; False when the person, the id or the number has one already."""
    with transaction.atomic():
        added = sql.run(
            "INSERT INTO loyalty_member (id, chain_id, number, subject_id, status, tier, joined_at, join_channel,"
            " home_store_id) VALUES (%s, %s, %s, %s, 'active', '', %s, %s, %s) ON CONFLICT DO NOTHING RETURNING id",
            [member_id, chain_id, numbers.member_number(), subject_id, now, channel, store_id],
        )
        if added:
            open_account(account_id=member_id, chain_id=chain_id, kind="member", currency=currency)
    return bool(added)
