"""Accounts of the people who sign in: made with a first role and a password shown once, ended, opened again."""

from __future__ import annotations

import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from liushui.kernel.errors import Conflict, InvalidValue, NotAllowed, NotFound
from liushui.runtime import app_tokens, audit, believed, lockout, second_factor, sessions
from liushui.runtime.access import Grant, Principal, SystemPrincipal
from liushui.runtime.grants import (
    HeldGrant,
    grant,
    kept_grants,
    manages_all,
    may_give,
    only_chain,
    staff_subject,
)
from liushui.runtime.models import StaffUser

USERNAME = re.compile(r"\A[\w.@+-]{1,64}\Z")
_STAFF = re.compile(r"\Astaff:[0-9]{1,18}\Z")
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that is mistaken for another when read aloud


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffView:
    """A member of staff as listed. `manageable` says that the reader may act on the whole account."""

    id: int
    username: str
    display_name: str
    is_active: bool
    created_at: datetime
    last_login: datetime | None
    grants: tuple[Grant, ...]  # with those that have expired: they too say in whose charge the account is
    held: tuple[HeldGrant, ...]  # the same with who gave them and until when
    manageable: bool
    has_factor: bool
    must_change_password: bool


def new_password() -> str:
    """Four groups of four letters: about 79 bits, easy to type once."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(4))


def create_staff(
    *,
    username: str,
    display_name: str,
    grants: Collection[Grant],
    principal: Principal,
    must_change: bool = False,
    expires_at: datetime | None = None,
) -> tuple[int, str]:
    """Make an account with its first roles; returns its id and a password that is never seen again.

    Somebody has seen that password, so its owner must choose another at the first sign-in; only what the system makes
    for itself (demo, tests) stays as it is, unless `must_change`. The roles hold until `expires_at` if there is one.

    Raises NotAllowed for a place that the principal does not manage, Conflict for a name that is taken.
    """
    principal.require("access.manage")
    username, display_name = username.strip(), display_name.strip()
    if not USERNAME.fullmatch(username):
        raise InvalidValue(
            f"{username!r} is not a user name",
            pointer="/username",
            remedy="Use up to 64 letters, digits and the characters @ . + - _",
        )
    if not 0 < len(display_name) <= 128:
        raise InvalidValue("A name has 1 to 128 characters", pointer="/display_name")
    if not grants:
        raise InvalidValue("An account needs a role in some place", pointer="/role")
    password = new_password()
    try:
        with transaction.atomic():
            user = StaffUser.objects.create_user(username=username, password=password, display_name=display_name)
            if must_change or not isinstance(principal, SystemPrincipal):
                StaffUser.objects.filter(pk=user.pk).update(must_change_password=True)
            audit.record(
                principal=principal,
                action="staff.create",
                target=staff_subject(user.pk),
                chain_id=only_chain(grants),
                after={"username": username, "display_name": display_name},
            )
            for held in grants:
                grant(subject=staff_subject(user.pk), grant=held, granted_by=principal, expires_at=expires_at)
    except IntegrityError as error:
        raise Conflict(f"The user name {username!r} is taken", pointer="/username") from error
    return user.pk, password


def set_active(*, user_id: int, is_active: bool, principal: Principal) -> None:
    """End an account, sessions included, or open it again."""
    user, held = _managed(user_id, principal)
    if user.is_active == is_active:
        return
    with transaction.atomic():
        StaffUser.objects.filter(pk=user.pk).update(is_active=is_active)
        audit.record(
            principal=principal,
            action="staff.activate" if is_active else "staff.deactivate",
            target=staff_subject(user.pk),
            chain_id=only_chain(held),
            before={"is_active": user.is_active},
            after={"is_active": is_active},
        )
        if not is_active:
            app_tokens.end_of_person(user_id=user.pk)
    believed.forget_all()


def reset_password(*, user_id: int, principal: Principal) -> str:
    """A new password, never seen again; everyone signed in with the old one is out, since sessions carry its hash.
    Its owner must choose another at the next sign-in."""
    user, held = _managed(user_id, principal)
    password = new_password()
    user.set_password(password)
    user.must_change_password = not isinstance(principal, SystemPrincipal)
    with transaction.atomic():
        user.save(update_fields=["password", "must_change_password"])
        audit.record(
            principal=principal,
            action="staff.password",
            target=staff_subject(user.pk),
            chain_id=only_chain(held),
        )
        app_tokens.end_of_person(user_id=user.pk)
    return password


def change_own_password(*, user: StaffUser, password: str, principal: Principal) -> None:
    """A password of one's own choice, checked by Django's validators. Every sign-in ends; see sessions.keep_this.

    Raises InvalidValue for one that the validators refuse or that is the present one.
    """
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise InvalidValue(" ".join(error.messages), pointer="/new_password") from error
    if user.check_password(password):
        raise InvalidValue(str(_("This is the present password.")), pointer="/new_password")
    user.set_password(password)
    user.must_change_password = False
    with transaction.atomic():
        user.save(update_fields=["password", "must_change_password"])
        audit.record(
            principal=principal,
            action="staff.own_password",
            target=staff_subject(user.pk),
            chain_id=only_chain(principal.grants),
        )
        app_tokens.end_of_person(user_id=user.pk)


def reset_factors(*, user_id: int, principal: Principal) -> None:
    """Take the second factors of somebody who has lost them away, and end every sign-in of the account."""
    _user, held = _managed(user_id, principal)
    with transaction.atomic():
        second_factor.remove_all(user_id=user_id, principal=principal, chain_id=only_chain(held))
        sessions.end_all(user_id=user_id)


def unlock(*, user_id: int, principal: Principal) -> bool:
    """Let somebody try again who is locked out after wrong passwords or codes; whether he was."""
    user, held = _managed(user_id, principal)
    with transaction.atomic():
        return lockout.unlock(username=user.username, user_id=user_id, principal=principal, chain_id=only_chain(held))


def staff(*, principal: Principal) -> tuple[StaffView, ...]:
    """Staff with a role in any place where the principal manages access, each with all its roles; three queries."""
    principal.require("access.manage")
    users = list(StaffUser.objects.order_by("-is_active", "username"))
    held = kept_grants(subjects=[staff_subject(user.pk) for user in users])
    with_factor = second_factor.users_with_factor()
    views = [_view(user, held.get(staff_subject(user.pk), ()), principal, user.pk in with_factor) for user in users]
    return tuple(view for view in views if _is_visible(view, principal))


def staff_member(*, user_id: int, principal: Principal) -> StaffView:
    """One member of staff; raises NotFound for one without a role in a place that the principal manages."""
    principal.require("access.manage")
    user = StaffUser.objects.filter(pk=user_id).first()
    if user is not None:
        held = kept_grants(subjects=[staff_subject(user_id)]).get(staff_subject(user_id), ())
        view = _view(user, held, principal, second_factor.has_factor(user_id=user_id))
        if _is_visible(view, principal):
            return view
    raise NotFound("There is no such member of staff")


def names_of(*, subjects: Collection[str]) -> dict[str, str]:
    """Names of the members of staff among these subjects; one query."""
    ids = {subject: int(subject.removeprefix("staff:")) for subject in subjects if _STAFF.fullmatch(subject)}
    names = dict(StaffUser.objects.filter(pk__in=ids.values()).values_list("pk", "display_name"))
    return {subject: names[user_id] for subject, user_id in ids.items() if user_id in names}


def _is_visible(view: StaffView, principal: Principal) -> bool:
    return isinstance(principal, SystemPrincipal) or any(
        may_give(principal=principal, grant=held) for held in view.grants
    )


def _managed(user_id: int, principal: Principal) -> tuple[StaffUser, tuple[Grant, ...]]:
    view = staff_member(user_id=user_id, principal=principal)
    if principal.subject == staff_subject(user_id):
        raise NotAllowed("Nobody does this to his own account", remedy="Ask another person who manages access.")
    if not view.manageable:
        raise NotAllowed(
            "This person also works in places that you don't manage",
            remedy="Ask someone who manages access for the whole chain.",
        )
    return StaffUser.objects.get(pk=user_id), view.grants


def _view(user: StaffUser, held: tuple[HeldGrant, ...], principal: Principal, has_factor: bool) -> StaffView:
    grants = tuple(one.grant for one in held)
    return StaffView(
        id=user.pk,
        username=user.username,
        display_name=user.display_name,
        is_active=user.is_active,
        created_at=user.created_at,
        last_login=user.last_login,
        grants=grants,
        held=held,
        manageable=manages_all(principal=principal, grants=grants),
        has_factor=has_factor,
        must_change_password=user.must_change_password,
    )
