"""Badge and PIN: how a cashier or a manager proves at an enrolled till who he is. Worth nothing anywhere else.

An attempt is charged before it is checked, by one conditional statement, so that a hundred attempts at once are five;
a right one gives back what it was charged. Do not call `identify` or `checker` within a transaction that a refusal
takes back: the charge would be taken back with it.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.contrib.auth.hashers import check_password, make_password
from django.db import IntegrityError, transaction
from django.db.models import Case, DateTimeField, F, Q, Value, When
from django.utils.crypto import salted_hmac

from liushui.kernel.errors import Conflict, InvalidValue, NotAllowed, NotFound, NotSignedIn
from liushui.runtime import audit, believed, tills
from liushui.runtime.access import Principal, SystemPrincipal, expand_grants
from liushui.runtime.believed import digest_of
from liushui.runtime.grants import grants_of, staff_principal, staff_subject
from liushui.runtime.models import OperatorCredential, StaffUser

log = structlog.get_logger(__name__)

PIN = re.compile(r"\A[0-9]{4,8}\Z", re.ASCII)
ATTEMPTS = 5  # wrong ones in a row, then a pause
PAUSES = tuple(timedelta(minutes=minutes) for minutes in (15, 30, 60, 120, 240, 480, 1440))  # longer each time
_RUNS = ("01234567890", "98765432109")
_FREQUENT = frozenset({"2580", "1379", "1593", "147258", "159357", "112233", "123321", "520520", "5201314"})
_BADGE_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32: every scanner reads it in every mode
BADGE_PREFIX = "LSB"


class OperatorRefused(NotSignedIn):
    """User name, PIN or badge is wrong, or this person does not work at this till."""

    type = "operator-refused"


class OperatorLocked(OperatorRefused):
    """Too many wrong PINs: this person has to wait."""

    type = "operator-locked"


class TrivialPin(InvalidValue):
    """This PIN is too easy to guess."""

    type = "trivial-pin"


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialView:
    """What somebody has for the till; `manageable` says that the reader may give him another."""

    user_id: int
    username: str
    display_name: str
    has_pin: bool
    has_badge: bool
    locked_until: datetime | None
    changed_at: datetime | None
    may_approve: bool
    manageable: bool


def new_badge() -> str:
    """A badge's code: 100 bits in 20 letters after a prefix, by which the till tells it from an article."""
    return BADGE_PREFIX + "".join(secrets.choice(_BADGE_LETTERS) for _ in range(20))


def set_pin(*, user_id: int, pin: str, principal: Principal, now: datetime) -> None:
    """Give somebody, or oneself, a PIN of 4 to 8 digits; whoever uses the old one at a till is signed out.

    Raises TrivialPin, InvalidValue, and what `_managed` raises.
    """
    user = _managed(user_id, principal, own=True)
    if not PIN.fullmatch(pin):
        raise InvalidValue("A PIN is 4 to 8 digits", pointer="/pin")
    if is_trivial(pin):
        raise TrivialPin("Digits that follow or repeat each other are tried first", pointer="/pin")
    _save(
        user,
        principal=principal,
        now=now,
        action="operator.pin",
        pin_hash=make_password(_peppered(user_id, pin), hasher="pin"),
    )


def set_badge(*, user_id: int, badge: str, principal: Principal, now: datetime) -> None:
    """Give somebody the badge with this code (`new_badge` makes one); the old one ends. Raises Conflict for a code
    that another holds, and what `_managed` raises."""
    user = _managed(user_id, principal, own=principal.may("till.enrol"))
    if len(badge) < len(BADGE_PREFIX) + 20:
        raise InvalidValue("A badge has a long random code", pointer="/badge")
    try:
        _save(user, principal=principal, now=now, action="operator.badge", badge_sha256=digest_of(badge))
    except IntegrityError as error:
        raise Conflict("This badge is another person's", pointer="/badge") from error


def clear(*, user_id: int, principal: Principal, now: datetime) -> None:
    """Take PIN and badge away, and sign the person out of every till."""
    user = _managed(user_id, principal, own=True, taking=True)
    _save(user, principal=principal, now=now, action="operator.clear", pin_hash="", badge_sha256=None)


def unlock(*, user_id: int, principal: Principal, now: datetime) -> None:
    """End somebody's pause after wrong PINs."""
    user = _managed(user_id, principal, own=False)
    with transaction.atomic():
        changed = (
            OperatorCredential.objects.filter(user=user)
            .exclude(locked_until=None)
            .update(failures=0, locked_until=None)
        )
        if changed:
            _record(user, principal=principal, action="operator.unlock")


def identify(
    *, store_id: int, username: str = "", pin: str = "", badge: str = "", now: datetime, address: str = ""
) -> StaffUser:
    """Who shows this badge, or this user name with its PIN, at a till of this store.

    Raises OperatorRefused, in the same words and after the same work for an unknown name, a wrong PIN, an ended account
    and somebody who does not work in this store; OperatorLocked for somebody who has to wait.
    """
    credential = _shown(username=username, badge=badge)
    by_badge = bool(badge) and credential is not None
    if credential is not None and not _charge(credential, now=now):
        check_password(_peppered(0, pin), _unknown_pin())
        raise _locked(credential)
    proven = _proven(credential, pin=pin, by_badge=by_badge)
    if credential is None or not proven or not _works_here(credential.user, store_id=store_id):
        _note_refusal(credential, username=username, store_id=store_id, now=now, address=address)
        raise OperatorRefused("User name, PIN or badge is wrong, or it is not for this till")
    OperatorCredential.objects.filter(pk=credential.pk).update(failures=0, locked_until=None)
    return credential.user


def checker(
    *, store_id: int, chain_id: int, username: str, pin: str, badge: str, now: datetime, address: str
) -> Principal:
    """The person who approves at the till, as principal of this store: till.approve is the reader's to check."""
    user = identify(store_id=store_id, username=username, pin=pin, badge=badge, now=now, address=address)
    return tills.at_store(user, store_id=store_id, chain_id=chain_id, address=address)


def credentials(*, principal: Principal) -> tuple[CredentialView, ...]:
    """People who work at tills of the stores in which the principal holds till.enrol; three queries."""
    stores = principal.stores("till.enrol")
    users = list(StaffUser.objects.filter(is_active=True).order_by("username"))
    held = grants_of(subjects=[staff_subject(user.pk) for user in users])
    rows = {row.pk: row for row in OperatorCredential.objects.all()}
    views = []
    for user in users:
        person = Principal(subject=staff_subject(user.pk), name="", grants=held.get(staff_subject(user.pk), ()))
        if (person.stores("till.use") | person.stores("till.approve")) & stores:
            views.append(_view(user, rows.get(user.pk), person=person, principal=principal))
    return tuple(views)


def own(*, user_id: int) -> CredentialView | None:
    """What a person has for the till, for himself; None for somebody who works at none."""
    user = StaffUser.objects.get(pk=user_id)
    person = staff_principal(user)
    if not person.may("till.use") and not person.may("till.approve"):
        return None
    return _view(user, OperatorCredential.objects.filter(pk=user_id).first(), person=person, principal=person)


def is_trivial(pin: str) -> bool:
    """Whether a PIN is among those that are tried first: runs, repetitions, keys in a line, a year."""
    halves = any(
        len(pin) % size == 0 and pin == pin[:size] * (len(pin) // size) for size in range(1, len(pin) // 2 + 1)
    )
    run = any(pin in digits for digits in _RUNS)
    year = len(pin) == 4 and pin[:2] in ("19", "20")
    return halves or run or year or pin in _FREQUENT


def _shown(*, username: str, badge: str) -> OperatorCredential | None:
    rows = OperatorCredential.objects.select_related("user").filter(user__is_active=True)
    if badge:
        return rows.filter(badge_sha256=digest_of(badge)).first()
    name = username.strip()
    return rows.filter(user__username=name).first() if name and "\x00" not in name else None


def _charge(credential: OperatorCredential, *, now: datetime) -> bool:
    """Count this attempt as a failure until it proves right; False when no attempt is free now."""
    pauses = [When(failures=ATTEMPTS * (turn + 1) - 1, then=Value(now + pause)) for turn, pause in enumerate(PAUSES)]
    last = When(Q(failures__gte=ATTEMPTS * len(PAUSES)), then=Value(now + PAUSES[-1]))
    free = Q(locked_until=None) | Q(locked_until__lte=now)
    return bool(
        OperatorCredential.objects.filter(free, pk=credential.pk).update(
            failures=F("failures") + 1,
            locked_until=Case(*pauses, last, default=Value(None), output_field=DateTimeField(null=True)),
        )
    )


def _proven(credential: OperatorCredential | None, *, pin: str, by_badge: bool) -> bool:
    """Whether badge or PIN is right; a PIN is hashed in every case, so that the time tells nothing."""
    kept = credential.pin_hash if credential is not None and credential.pin_hash else _unknown_pin()
    right = check_password(_peppered(credential.pk if credential is not None else 0, pin), kept)
    right = right and credential is not None and bool(credential.pin_hash)
    if by_badge and not settings.LIUSHUI.badge_needs_pin:
        return True
    return right


def _works_here(user: StaffUser, *, store_id: int) -> bool:
    person = staff_principal(user)
    return store_id in person.stores("till.use") | person.stores("till.approve")


def _locked(credential: OperatorCredential) -> OperatorLocked:
    row = OperatorCredential.objects.get(pk=credential.pk)
    until = row.locked_until.isoformat() if row.locked_until is not None else ""
    return OperatorLocked(
        "Too many wrong PINs in a row",
        remedy="Wait, or ask a manager for a new PIN.",
        context={"locked_until": until},
    )


def _note_refusal(
    credential: OperatorCredential | None, *, username: str, store_id: int, now: datetime, address: str
) -> None:
    if credential is None:
        log.warning("operator refused", store_id=store_id, address=address)
        return
    row = OperatorCredential.objects.get(pk=credential.pk)
    locked = row.locked_until is not None and row.locked_until > now
    with transaction.atomic():
        audit.record(
            principal=Principal(subject="till", name="till", grants=(), address=address),
            action="operator.locked" if locked else "operator.refused",
            target=staff_subject(credential.pk), store_id=store_id, after={"failures": row.failures},
        )  # fmt: skip


def _managed(user_id: int, principal: Principal, *, own: bool, taking: bool = False) -> StaffUser:
    """The person whose PIN or badge the principal may change.

    Raises NotFound for somebody who does not work at a till of the principal's stores, NotAllowed for one who also
    works elsewhere, and for one who may approve: whoever gives him a PIN could approve in his name what he asks for
    himself. Such a person chooses the PIN himself, or gets it from somebody who approves nothing there.
    """
    user = StaffUser.objects.filter(pk=user_id).first()
    if user is None:
        raise NotFound("There is no such member of staff")
    if isinstance(principal, SystemPrincipal) or (own and principal.subject == staff_subject(user_id)):
        return user
    principal.require("till.enrol")
    person = staff_principal(user)
    works, managed = person.stores("till.use") | person.stores("till.approve"), principal.stores("till.enrol")
    if not works & managed:
        raise NotFound("There is no such member of staff")
    if principal.subject == staff_subject(user_id):
        raise NotAllowed("Nobody does this for himself", remedy="Ask another person who enrols tills.")
    if not works <= managed:
        raise NotAllowed("This person also works in stores that are not yours", remedy="Ask the head office.")
    if not taking and person.stores("till.approve") & principal.stores("till.approve"):
        raise NotAllowed(
            "Whoever may approve chooses the PIN himself",
            remedy="The person does so in the console, under Settings.",
        )
    return user


def _save(user: StaffUser, *, principal: Principal, now: datetime, action: str, **changed: str | None) -> None:
    values = {**changed, "failures": 0, "locked_until": None, "changed_at": now, "changed_by": principal.subject}
    with transaction.atomic():
        OperatorCredential.objects.update_or_create(user=user, defaults=values)
        tills.end_sessions_of(user_id=user.pk, now=now)
        _record(user, principal=principal, action=action)
    believed.forget_all()


def _record(user: StaffUser, *, principal: Principal, action: str) -> None:
    works = expand_grants(grants_of(subjects=[staff_subject(user.pk)]).get(staff_subject(user.pk), ()))
    audit.record(
        principal=principal, action=action, target=staff_subject(user.pk),
        store_id=next(iter(works)) if len(works) == 1 else None,
    )  # fmt: skip


def _peppered(user_id: int, pin: str) -> str:
    """A PIN mixed with the installation's key: ten thousand PINs are tried in no time, so a stolen table alone must not
    be enough. With another LIUSHUI_SECRET_KEY every PIN has to be set anew."""
    return salted_hmac("liushui.runtime.operators.pin", f"{user_id}:{pin}", algorithm="sha256").hexdigest()


_unknown: list[str] = []


def _unknown_pin() -> str:
    """The hash of a PIN that nobody has."""
    if not _unknown:
        _unknown.append(make_password(secrets.token_hex(16), hasher="pin"))
    return _unknown[0]


def _view(
    user: StaffUser, row: OperatorCredential | None, *, person: Principal, principal: Principal
) -> CredentialView:
    works, approves = person.stores("till.use") | person.stores("till.approve"), person.stores("till.approve")
    mine = principal.subject == staff_subject(user.pk)
    return CredentialView(
        user_id=user.pk,
        username=user.username,
        display_name=user.display_name,
        has_pin=row is not None and bool(row.pin_hash),
        has_badge=row is not None and row.badge_sha256 is not None,
        locked_until=row.locked_until if row is not None else None,
        changed_at=row.changed_at if row is not None else None,
        may_approve=bool(approves),
        manageable=not mine
        and works <= principal.stores("till.enrol")
        and not approves & principal.stores("till.approve"),
    )
