"""Second factors of staff: one-time codes of an app (RFC 6238), passkeys (passkeys.py) and recovery codes.

A code is good once: the 30-second step that it belongs to is moved on by one conditional statement, and a recovery
code is marked as used by one. Nothing here is read first and written later.
"""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from cryptography.hazmat.primitives.constant_time import bytes_eq
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.hotp import HOTP
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from django.conf import settings
from django.db import IntegrityError, transaction

from liushui.kernel.errors import Conflict, InvalidValue, NotAllowed, NotFound
from liushui.kernel.ids import new_id
from liushui.runtime import audit, sealed
from liushui.runtime.access import Principal
from liushui.runtime.grants import only_chain, staff_subject
from liushui.runtime.models import RecoveryCode, SecondFactor, StaffUser

# Whoever holds one of these anywhere needs a second factor when LIUSHUI_SECOND_FACTOR is `required`.
GRAVE_CAPABILITIES = ("access.manage", "price.write", "payment.settle", "promotion.approve", "till.approve")
RECOVERY_CODES = 10
NAME_MAX = 64
_STEP_SECONDS, _DIGITS, _STEPS_ASIDE = 30, 6, 1  # RFC 6238, 5.2: one step either way for clocks and slow typing
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that is mistaken for another when read aloud
_TOTP_KEY, _RECOVERY = "second-factor", "recovery-code"  # purposes of derived keys


class WrongCode(InvalidValue):
    """That code is not right."""

    type = "wrong-code"


@dataclass(frozen=True, slots=True, kw_only=True)
class Factor:
    """A second factor as its owner sees it; `kind` is totp or passkey."""

    id: UUID
    kind: str
    name: str
    created_at: datetime
    last_used_at: datetime | None


def is_required_for(principal: Principal) -> bool:
    """Whether this person's roles call for a second factor here."""
    return settings.LIUSHUI.second_factor == "required" and any(map(principal.may, GRAVE_CAPABILITIES))


def has_factor(*, user_id: int) -> bool:
    """Whether there is any."""
    return SecondFactor.objects.filter(user_id=user_id).exists()


def factors(*, user_id: int) -> tuple[Factor, ...]:
    """All of them, the oldest first."""
    rows = SecondFactor.objects.filter(user_id=user_id).order_by("id")
    return tuple(Factor(**row) for row in rows.values("id", "kind", "name", "created_at", "last_used_at"))


def users_with_factor() -> frozenset[int]:
    """Ids of the accounts that have one; for lists."""
    return frozenset(SecondFactor.objects.values_list("user_id", flat=True))


def new_totp_key() -> str:
    """A key for an app: 160 bits (RFC 4226, 4) in base32, as apps take it."""
    return base64.b32encode(secrets.token_bytes(20)).decode()


def totp_address(*, username: str, key: str) -> str:
    """The otpauth:// address that an app reads from a QR code."""
    totp = TOTP(base64.b32decode(key), _DIGITS, SHA1(), _STEP_SECONDS)  # noqa: S303  # nosec B303  # HMAC-SHA1 as RFC 6238 has it
    return totp.get_provisioning_uri(username, "Liushui")


def totp_code(*, key: str, now: datetime) -> str:
    """What an app with this key shows now."""
    return _code(base64.b32decode(key), _step(now))


def add_totp(*, user: StaffUser, name: str, key: str, code: str, principal: Principal, now: datetime) -> None:
    """Keep an app's key once a code proves that the app has it. Raises WrongCode; Conflict when there is an app."""
    step = _matching_step(key, code, now)
    if step is None:
        raise WrongCode("The code does not belong to this key", pointer="/code")
    row = SecondFactor(
        id=new_id(), user=user, kind="totp", name=checked_name(name), counter=step, created_at=now,
        sealed_key=sealed.seal(key, purpose=_TOTP_KEY),
    )  # fmt: skip
    keep(row, principal=principal)


def keep(row: SecondFactor, *, principal: Principal) -> None:
    """Write a new factor and the audit line. Raises Conflict when it is there already."""
    try:
        with transaction.atomic():
            row.save(force_insert=True)
            _note("factor.add", row.user_id, principal, {"kind": row.kind, "name": row.name})
    except IntegrityError as error:
        raise Conflict(
            "There is such a factor already", remedy="Remove the present one first, or register another device."
        ) from error


def check_totp(*, user_id: int, code: str, now: datetime) -> bool:
    """Whether this is the app's code; each is good once."""
    row = SecondFactor.objects.filter(user_id=user_id, kind="totp").first()
    key = sealed.unseal(row.sealed_key, purpose=_TOTP_KEY) if row is not None else None
    step = _matching_step(key, code, now) if key is not None else None
    if row is None or step is None:
        return False
    later = SecondFactor.objects.filter(id=row.id, counter__lt=step)
    return later.update(counter=step, last_used_at=now) == 1


def new_recovery_codes(*, user_id: int, principal: Principal) -> tuple[str, ...]:
    """Fresh codes, shown once; those from before are void."""
    codes = tuple(_recovery_code() for _ in range(RECOVERY_CODES))
    with transaction.atomic():
        RecoveryCode.objects.filter(user_id=user_id).delete()
        RecoveryCode.objects.bulk_create(
            [RecoveryCode(user_id=user_id, code_hmac=_fingerprint(user_id, code)) for code in codes]
        )
        _note("factor.recovery_codes", user_id, principal, {"codes": RECOVERY_CODES})
    return codes


def use_recovery_code(*, user_id: int, code: str, now: datetime) -> bool:
    """Take one of the codes; it is gone afterwards."""
    unused = RecoveryCode.objects.filter(user_id=user_id, code_hmac=_fingerprint(user_id, code), used_at=None)
    return unused.update(used_at=now) == 1


def recovery_codes_left(*, user_id: int) -> int:
    """How many are unused."""
    return RecoveryCode.objects.filter(user_id=user_id, used_at=None).count()


def remove(*, user: StaffUser, factor_id: UUID, principal: Principal) -> None:
    """Take one's own factor away; with the last go the recovery codes. Raises NotAllowed for the last of someone
    who must have one, NotFound for another person's."""
    with transaction.atomic():
        StaffUser.objects.select_for_update().get(pk=user.pk)  # two removals at once must not take the last two
        others = SecondFactor.objects.filter(user=user).exclude(id=factor_id)
        is_last = not others.exists()
        if is_last and is_required_for(principal):
            raise NotAllowed("Your roles need a second factor", remedy="Add another one before you remove this.")
        row = SecondFactor.objects.filter(user=user, id=factor_id).first()
        if row is None:
            raise NotFound("There is no such factor of yours")
        row.delete()
        if is_last:
            RecoveryCode.objects.filter(user=user).delete()
        _note("factor.remove", user.pk, principal, None, {"kind": row.kind, "name": row.name})


def remove_all(*, user_id: int, principal: Principal, chain_id: int | None) -> None:
    """Take every factor and recovery code of somebody away, who has lost them; `staff.reset_factors` says who may."""
    with transaction.atomic():
        names = sorted(SecondFactor.objects.filter(user_id=user_id).values_list("name", flat=True))
        SecondFactor.objects.filter(user_id=user_id).delete()
        RecoveryCode.objects.filter(user_id=user_id).delete()
        audit.record(
            principal=principal, action="factor.reset", target=staff_subject(user_id), chain_id=chain_id,
            before={"factors": names},
        )  # fmt: skip


def checked_name(name: str) -> str:
    """What the owner calls a factor. Raises InvalidValue."""
    text = name.strip()
    if not 0 < len(text) <= NAME_MAX:
        raise InvalidValue(f"A name has 1 to {NAME_MAX} characters", pointer="/name")
    return text


def _note(
    action: str, user_id: int, principal: Principal, after: dict[str, object] | None,
    before: dict[str, object] | None = None,
) -> None:  # fmt: skip
    audit.record(
        principal=principal, action=action, target=staff_subject(user_id), chain_id=only_chain(principal.grants),
        before=before, after=after,
    )  # fmt: skip


def _step(now: datetime) -> int:
    return int(now.timestamp()) // _STEP_SECONDS


def _code(key: bytes, step: int) -> str:
    return HOTP(key, _DIGITS, SHA1()).generate(step).decode()  # noqa: S303  # nosec B303  # HMAC-SHA1 as RFC 6238 has it


def _matching_step(key: str, code: str, now: datetime) -> int | None:
    """The step of which this is the code: the present one or one beside it."""
    typed = "".join(code.split()).encode()
    present, raw = _step(now), base64.b32decode(key)
    for step in range(present - _STEPS_ASIDE, present + _STEPS_ASIDE + 1):
        if bytes_eq(_code(raw, step).encode(), typed):
            return step
    return None


def _recovery_code() -> str:
    letters = [secrets.choice(_LETTERS) for _ in range(10)]  # about 49 bits
    return "".join(letters[:5]) + "-" + "".join(letters[5:])


def _fingerprint(user_id: int, code: str) -> str:
    letters = "".join(letter for letter in code.casefold() if letter.isalnum())
    return sealed.fingerprint(f"{user_id}:{letters}", purpose=_RECOVERY)
