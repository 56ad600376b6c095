"""Take somebody in as a member, by phone: once, however often and by however many tills at a time it is asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from liushui.kernel.ids import new_id
from liushui.loyalty import ledger, sql
from liushui.loyalty.contracts import CHANNELS, Channel, Joined, Member
from liushui.loyalty.domain import numbers
from liushui.loyalty.errors import JoinRefused
from liushui.loyalty.member_queries import by_phone, member, members_of
from liushui.loyalty.models import JoiningRow
from liushui.privacy import facade as privacy
from liushui.runtime import sealed

_PURPOSE = "loyalty-joining"
_TRIES = 8
_LEFT_OVER = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Claim:
    """Who of those that join with one phone at once works for which ids: all for the same."""

    member_id: UUID
    subject_id: UUID
    is_own: bool


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
    caller is taken for a new member. Raises JoinRefused, and InvalidPersonalData for what is no phone,
    birthday or e-mail.
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
    phone_hash = sealed.fingerprint(f"{chain_id}:{normal}", purpose=_PURPOSE)
    claim = _claim(chain_id, phone_hash, member_id, now)
    known = by_phone(chain_id=chain_id, phone=normal)  # a claim is given up after its member can be found
    if known is not None:
        _give_up(chain_id, phone_hash)
        return Joined(member=known, is_new=False)
    subject_id = _subject(chain_id, normal) or claim.subject_id
    given = {"phone": normal, "name": name.strip(), "birthday": birthday.strip(), "email": email.strip()}
    fields = {key: value for key, value in given.items() if value}
    privacy.create_subject(chain_id=chain_id, fields=fields, subject_id=subject_id, now=now)
    for purpose, version in sorted(consents.items()):
        privacy.give_consent(subject_id=subject_id, purpose=purpose, notice_version=version, channel=channel, now=now)
    found, is_new = _write(
        chain_id=chain_id, claim=claim, subject_id=subject_id, phone_hash=phone_hash, currency=currency,
        store_id=store_id, channel=channel, now=now,
    )  # fmt: skip
    return Joined(member=found, is_new=is_new)


def drop_left_over_claims(*, now: datetime) -> int:
    """Forget claims of tills that went away while somebody joined: they hold the hash of a phone."""
    return JoiningRow.objects.filter(started_at__lt=now - _LEFT_OVER).delete()[0]


def _claim(chain_id: int, phone_hash: str, member_id: UUID | None, now: datetime) -> _Claim:
    """The ids that all who join with this phone now work for."""
    for _ in range(_TRIES):
        own = (member_id or new_id(), new_id())
        added = sql.insert(
            table="loyalty_joining",
            columns=("chain_id", "phone_hash", "member_id", "subject_id", "started_at"),
            rows=[(chain_id, phone_hash, *own, now)],
            keys="chain_id, phone_hash",
            returning="member_id",
        )
        if added:
            return _Claim(member_id=own[0], subject_id=own[1], is_own=True)
        row = JoiningRow.objects.filter(chain_id=chain_id, phone_hash=phone_hash).first()
        if row is not None:
            return _Claim(member_id=row.member_id, subject_id=row.subject_id, is_own=False)
    raise JoinRefused("Too many try to join with this phone at once", remedy="Try again.")


def _give_up(chain_id: int, phone_hash: str) -> None:
    JoiningRow.objects.filter(chain_id=chain_id, phone_hash=phone_hash).delete()


def _subject(chain_id: int, phone: str) -> UUID | None:
    """Somebody whose data is kept and who is no member: what a crash left, or a customer of another kind."""
    subjects = privacy.find_subjects(chain_id=chain_id, field="phone", value=phone)
    taken = members_of(subject_ids=subjects)
    return next((each for each in subjects if each not in taken), None)


def _write(
    *,
    chain_id: int,
    claim: _Claim,
    subject_id: UUID,
    phone_hash: str,
    currency: str,
    store_id: int | None,
    channel: Channel,
    now: datetime,
) -> tuple[Member, bool]:
    """Write the member with its account and give the claim up; the member, and whether this call wrote it."""
    for _ in range(_TRIES):
        with transaction.atomic():
            added = sql.run(
                "INSERT INTO loyalty_member (id, chain_id, number, subject_id, status, tier, joined_at, join_channel,"
                " home_store_id) VALUES (%s, %s, %s, %s, 'active', '', %s, %s, %s) ON CONFLICT DO NOTHING RETURNING id",
                [claim.member_id, chain_id, numbers.member_number(), subject_id, now, channel, store_id],
            )
            if added:
                open_account(account_id=claim.member_id, chain_id=chain_id, kind="member", currency=currency)
            found = member(member_id=claim.member_id) or members_of(subject_ids=[subject_id]).get(subject_id)
            if found is not None:
                _give_up(chain_id, phone_hash)
                return found, bool(added)
    raise JoinRefused("No free member number was found", remedy="Try again.")  # eight numbers at random were taken


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
