"""Proving again, or further, who one is: by password, one-time code, passkey or recovery code. Every try counts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest

from liushui.runtime import audit, lockout, passkeys, second_factor
from liushui.runtime.access import Principal
from liushui.runtime.grants import only_chain, staff_principal
from liushui.runtime.models import StaffUser
from liushui.runtime.web import client_address

_CHALLENGE = "liushui_passkey_challenge"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """`way` is what was right: password, totp, passkey or recovery; empty when nothing was."""

    way: str
    status: int = 200


def give_proof(request: HttpRequest, *, user: StaffUser, now: datetime, password: bool = False) -> Proof:
    """Judge what the form holds; `password` says that the password is taken here too. A wrong try counts."""
    address = client_address(request)
    try:
        tries = lockout.count_try(request=request, username=user.username, now=now)
    except lockout.TooManyTries:
        return Proof(way="", status=429)
    way = _right_way(request, user=user, now=now, password=password)
    if way:
        lockout.take_back(request=request, username=user.username)
        return Proof(way=way)
    principal = staff_principal(user, address=address)
    _note_failure(principal)
    lockout.note_lock(tries=tries, username=user.username, user_id=user.pk, grants=principal.grants, address=address)
    return Proof(way="", status=422)


def ask_passkey(request: HttpRequest, *, user: StaffUser) -> dict[str, Any] | None:
    """The question to the browser, remembered for one answer; None when this person has no passkey for this host."""
    challenge = passkeys.begin_check(host=request.get_host(), user_id=user.pk)
    if challenge is None:
        return None
    request.session[_CHALLENGE] = challenge.state
    return challenge.options


def _right_way(request: HttpRequest, *, user: StaffUser, now: datetime, password: bool) -> str:
    form, state = request.POST, request.session.pop(_CHALLENGE, None)
    if form.get("credential"):
        right = passkeys.check_passkey(
            host=request.get_host(), user_id=user.pk, state=state, answer=form["credential"], now=now
        )
        return "passkey" if right else ""
    if form.get("recovery"):
        right = second_factor.use_recovery_code(user_id=user.pk, code=form["recovery"], now=now)
        return "recovery" if right else ""
    if form.get("code"):
        return "totp" if second_factor.check_totp(user_id=user.pk, code=form["code"], now=now) else ""
    if password and form.get("password"):
        return "password" if user.check_password(form["password"]) else ""
    return ""


def _note_failure(principal: Principal) -> None:
    audit.record(
        principal=principal, action="factor.refused", target=principal.subject, chain_id=only_chain(principal.grants)
    )
