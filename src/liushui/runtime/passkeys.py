"""Passkeys as second factors (W3C Web Authentication, level 2): registered and checked for the host that is served.

The options go to the browser as JSON; the challenge stays in the session and is good for one answer.
"""

from __future__ import annotations

import hashlib
import ipaddress
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.utils.crypto import salted_hmac
from fido2.rpid import verify_rp_id
from fido2.server import Fido2Server
from fido2.webauthn import (
    AttestedCredentialData,
    AuthenticationResponse,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialUserEntity,
    RegistrationResponse,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from liushui.kernel.ids import new_id
from liushui.runtime.access import Principal
from liushui.runtime.models import SecondFactor, StaffUser
from liushui.runtime.second_factor import WrongCode, checked_name, keep

_ANSWER_MAX = 20_000  # characters; a real answer has about two thousand


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """What the browser is asked, and what must be remembered (in the session) to judge its answer."""

    options: dict[str, Any]
    state: dict[str, Any]


def is_possible_on(host: str) -> bool:
    """Browsers make passkeys for names only, not for addresses such as 127.0.0.1."""
    name = _name(host)
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return True
    return False


def begin_registration(*, host: str, user: StaffUser) -> Challenge:
    """Ask the browser for a new passkey, none that the person has here already."""
    options, state = _server(host).register_begin(
        PublicKeyCredentialUserEntity(id=_handle(user), name=user.username, display_name=user.display_name),
        credentials=_credentials(user.pk),
        resident_key_requirement=ResidentKeyRequirement.PREFERRED,
        user_verification=UserVerificationRequirement.PREFERRED,
    )
    return Challenge(options=dict(options), state=dict(state))


def add_passkey(
    *, host: str, user: StaffUser, name: str, state: dict[str, Any], answer: str, principal: Principal, now: datetime
) -> None:
    """Keep what the browser made. Raises WrongCode for an answer that does not fit, Conflict for one known already."""
    try:
        made = _server(host).register_complete(state, RegistrationResponse.from_dict(_parsed(answer)))
    except (ValueError, TypeError, KeyError, AttributeError) as error:  # fido2 raises these for malformed answers
        raise WrongCode("The browser's answer does not fit the question", pointer="/credential") from error
    credential = made.credential_data
    if credential is None:
        raise WrongCode("The browser's answer holds no key", pointer="/credential")
    row = SecondFactor(
        id=new_id(), user=user, kind="passkey", name=checked_name(name), created_at=now, counter=made.counter,
        credential=bytes(credential), credential_sha256=_sha256(credential.credential_id),
    )  # fmt: skip
    keep(row, principal=principal)


def begin_check(*, host: str, user_id: int) -> Challenge | None:
    """Ask the browser for one of the person's passkeys; None when there is none or the host can't have any."""
    known = _credentials(user_id)
    if not known or not is_possible_on(host):
        return None
    options, state = _server(host).authenticate_begin(known, user_verification=UserVerificationRequirement.PREFERRED)
    return Challenge(options=dict(options), state=dict(state))


def check_passkey(*, host: str, user_id: int, state: dict[str, Any] | None, answer: str, now: datetime) -> bool:
    """Whether the answer is signed by one of the person's passkeys for this challenge.

    A signature counter that does not grow tells of a copied key (section 7.2, step 22): refused.
    """
    if state is None:
        return False
    try:
        given = AuthenticationResponse.from_dict(_parsed(answer))
        used = _server(host).authenticate_complete(state, _credentials(user_id), given)
    except (ValueError, TypeError, KeyError, AttributeError):  # fido2 raises these for answers that are none
        return False
    count = given.response.authenticator_data.counter
    rows = SecondFactor.objects.filter(user_id=user_id, credential_sha256=_sha256(used.credential_id))
    rows = rows.filter(counter=0) if count == 0 else rows.filter(counter__lt=count)  # 0: one that does not count
    return rows.update(counter=count, last_used_at=now) == 1


def _server(host: str) -> Fido2Server:
    name = _name(host)

    def is_ours(origin: str) -> bool:
        return verify_rp_id(name, origin) and urlsplit(origin).netloc == host

    return Fido2Server(PublicKeyCredentialRpEntity(id=name, name="Liushui"), verify_origin=is_ours)


def _name(host: str) -> str:
    return urlsplit(f"//{host}").hostname or ""


def _credentials(user_id: int) -> list[AttestedCredentialData]:
    rows = SecondFactor.objects.filter(user_id=user_id, kind="passkey").order_by("id")
    kept = rows.values_list("credential", flat=True)
    return [AttestedCredentialData(bytes(credential)) for credential in kept if credential is not None]


def _handle(user: StaffUser) -> bytes:
    """Names the account to the authenticator without telling who it is (section 14.6.1)."""
    return salted_hmac("liushui.passkeys", str(user.pk), algorithm="sha256").digest()


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _parsed(answer: str) -> dict[str, Any]:
    if len(answer) > _ANSWER_MAX:
        raise ValueError("too long")
    parsed = json.loads(answer)
    if not isinstance(parsed, dict):
        raise ValueError("not an object")
    return parsed
