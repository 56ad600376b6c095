"""What people do to a member by hand: show in clear, correct, write down consents, block cards, take somebody in."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from liushui.kernel.errors import InvalidValue, LiushuiError, NotAllowed
from liushui.kernel.ids import new_id
from liushui.loyalty import facade
from liushui.loyalty.contracts import Member
from liushui.loyalty.errors import MemberClosed
from liushui.loyalty.pages.member import CORRECTABLE, correctable, masked_of, show_member
from liushui.loyalty.pages.scope import WRITE, chain_of, seen_member, stores_of
from liushui.loyalty.pages.words import FIELDS, ON_BEHALF, PURPOSES
from liushui.privacy import facade as privacy
from liushui.privacy.errors import InvalidPersonalData
from liushui.runtime import audit
from liushui.runtime.access import Principal
from liushui.runtime.places import ChainPlace
from liushui.runtime.step_up import proved_at
from liushui.runtime.web import back_to, page

REASON_MAX = 200


@back_to("loyalty:member")
@require_POST
@page(capability="member.reveal", step_up="POST")
def reveal(request: HttpRequest, *, member_id: UUID, principal: Principal) -> HttpResponse:
    """The member's page with the personal data in clear, for a minute; asks for a reason and fresh proof."""
    member = seen_member(member_id=member_id, principal=principal, capability="member.reveal")
    subject_id = _subject(member)
    reason = request.POST.get("reason", "").strip()[:REASON_MAX]
    if not reason:
        return show_member(request, member, principal, status=422, reveal_problem=_("Say why you need to see it."))
    kept = masked_of(member)
    try:
        values = privacy.reveal(
            subject_id=subject_id, fields=[name for name in FIELDS if name in kept], reason=reason,
            principal=principal, proved_at=proved_at(request), now=datetime.now(UTC),
        )  # fmt: skip
    except NotAllowed:
        raise
    except LiushuiError as error:
        return show_member(request, member, principal, status=error.status, reveal_problem=_(error.title))
    fields = [(name, title, values.get(name, "").removeprefix("--")) for name, title in FIELDS.items()]
    return show_member(request, member, principal, fields=fields, revealed=True)


@sensitive_post_parameters(*CORRECTABLE)
@back_to("loyalty:member")
@require_POST
@page(capability="member.write")
def correct(request: HttpRequest, *, member_id: UUID, principal: Principal) -> HttpResponse:
    """Put right what was written down wrong; what was there and what is there now is in no log."""
    member = seen_member(member_id=member_id, principal=principal, capability=WRITE)
    subject_id = _subject(member)
    fields = {name: request.POST.get(name, "").strip() for name in CORRECTABLE}
    given = {name: value for name, value in fields.items() if value}
    reason = request.POST.get("reason", "").strip()[:REASON_MAX]
    errors: dict[str, str] = {}
    problem = ""
    if not given:
        problem = _("Fill in at least one field.")
    elif not reason:
        problem = _("Say why, in a few words.")
    else:
        try:
            privacy.update_subject(
                subject_id=subject_id, fields=given, principal=principal, reason=reason, now=datetime.now(UTC)
            )
        except NotAllowed:
            raise
        except LiushuiError as error:
            errors, problem = _field_errors(error)
    if problem or errors:
        return show_member(
            request, member, principal, status=422, wrong=True, correctable=correctable(fields, errors),
            correct_problem=problem, correct_reason=reason,
        )  # fmt: skip
    messages.success(request, _("Corrected."))
    return redirect("loyalty:member", member_id=member.id)


def _field_errors(error: LiushuiError) -> tuple[dict[str, str], str]:
    """What is wrong with which field, in words."""
    name = (error.pointer or "").removeprefix("/")
    if name not in FIELDS:
        return {}, _(error.title)
    words = {
        "phone": _("This is no mobile number. Write 11 digits, or + and the number of another country."),
        "email": _("This is no e-mail address."),
        "birthday": _("This is no birthday. Write 1990-05-21, or 05-21 without the year."),
        "name": _("A name has 1 to 64 characters."),
    }
    is_form = isinstance(error, InvalidPersonalData)
    return {name: words.get(name, _(error.title)) if is_form else _(error.title)}, ""


@back_to("loyalty:member")
@require_POST
@page(capability="member.write")
def consent(request: HttpRequest, *, member_id: UUID, principal: Principal) -> HttpResponse:
    """Write down that the member agreed or took it back, and how; one click back undoes it."""
    member = seen_member(member_id=member_id, principal=principal, capability=WRITE)
    subject_id = _subject(member)
    purpose, channel, deed = (request.POST.get(name, "") for name in ("purpose", "channel", "do"))
    if purpose not in PURPOSES or channel not in ON_BEHALF or deed not in ("give", "withdraw"):
        return redirect("loyalty:member", member_id=member.id)
    now = datetime.now(UTC)
    version = request.POST.get("notice_version", "")[:32]
    try:
        with transaction.atomic():
            if deed == "give":
                privacy.give_consent(
                    subject_id=subject_id, purpose=purpose, notice_version=version, channel=channel, now=now
                )
            else:
                privacy.withdraw_consent(subject_id=subject_id, purpose=purpose, channel=channel, now=now)
            audit.record(
                principal=principal, action=f"consent.{deed}", target=f"member:{member.id}",
                chain_id=member.chain_id, after={"purpose": purpose, "channel": channel},
            )  # fmt: skip
    except NotAllowed:
        raise
    except LiushuiError as error:
        return show_member(request, member, principal, status=error.status, problem=_(error.title))
    text = _("Written down: the member agrees to %(purpose)s.") if deed == "give" else _(
        "Written down: the member withdrew the consent to %(purpose)s."
    )  # fmt: skip
    messages.success(request, text % {"purpose": PURPOSES[purpose][0]})
    return redirect("loyalty:member", member_id=member.id)


@back_to("loyalty:member")
@require_POST
@page(capability="member.write")
def card(request: HttpRequest, *, member_id: UUID, principal: Principal) -> HttpResponse:
    """Give a card, block one, or let a blocked one be used again."""
    member = seen_member(member_id=member_id, principal=principal, capability=WRITE)
    number, deed = request.POST.get("card", "").strip()[:64], request.POST.get("do", "")
    now = datetime.now(UTC)
    try:
        if deed == "add":
            facade.add_card(member_id=member.id, number=number, principal=principal, now=now)
            messages.success(request, _("The card was given."))
        elif deed == "block":
            facade.block_card(member_id=member.id, number=number, principal=principal, now=now)
            messages.success(request, _("The card is blocked."))
        elif deed == "unblock":
            facade.unblock_card(member_id=member.id, number=number, principal=principal, now=now)
            messages.success(request, _("The card can be used again."))
    except NotAllowed:
        raise
    except LiushuiError as error:
        problem = _(error.title)
        if isinstance(error, InvalidValue):
            problem = _("A card's number has 1 to 32 letters and digits, and is no member's or phone number.")
        return show_member(request, member, principal, status=error.status, problem=problem)
    return redirect("loyalty:member", member_id=member.id)


def _subject(member: Member) -> UUID:
    if member.subject_id is None or member.status != "active":
        raise MemberClosed("This member was merged into another one, or erased")
    return member.subject_id


@sensitive_post_parameters(*CORRECTABLE)
@require_http_methods(["GET", "POST"])
@page(capability="member.write")
def join(request: HttpRequest, *, principal: Principal) -> HttpResponse:
    """Take somebody in; a phone that is a member's already leads to that member."""
    chain = chain_of(request, principal, WRITE)
    if request.method == "GET":
        return _join_form(request, chain, {}, {}, "")
    fields = {name: request.POST.get(name, "").strip() for name in CORRECTABLE}
    consents = dict(each.split(":", 1) for each in request.POST.getlist("consent")[:3] if ":" in each)
    home = next((s for s in stores_of(chain).values() if s.code == request.POST.get("home")), None)
    try:
        joined = facade.join(
            chain_id=chain.id, **fields, store_id=home.id if home else None, channel="console", consents=consents,
            member_id=_uuid(request.POST.get("member_id", "")), now=datetime.now(UTC),
        )  # fmt: skip
    except NotAllowed:
        raise
    except LiushuiError as error:
        errors, problem = _field_errors(error)
        if error.pointer == "/consents":
            problem = _("Nobody becomes a member without agreeing to membership.")
        return _join_form(request, chain, fields, errors, problem)
    if joined.is_new:
        messages.success(request, _("Taken in as member %(number)s.") % {"number": joined.member.number})
    else:
        messages.info(request, _("This phone belongs to a member already; nothing was changed."))
    return redirect("loyalty:member", member_id=joined.member.id)


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        return new_id()


def _join_form(
    request: HttpRequest, chain: ChainPlace, values: Mapping[str, str], errors: Mapping[str, str], problem: str
) -> HttpResponse:
    notices = privacy.current_notices(chain_id=chain.id)
    chosen = request.POST.getlist("consent")
    fields: list[dict[str, Any]] = [
        field | {"is_required": field["name"] == "phone"} for field in correctable(values, errors)
    ]
    context = {
        "chain": chain,
        "fields": sorted(fields, key=lambda field: not field["is_required"]),
        "stores": sorted(stores_of(chain).values(), key=lambda store: store.code),
        "notices": [
            {
                "purpose": purpose,
                "title": title,
                "text": text,
                "version": notices[purpose].version,
                "is_required": purpose == "membership",
                "is_checked": f"{purpose}:{notices[purpose].version}" in chosen,
            }
            for purpose, (title, text) in PURPOSES.items()
        ],
        "member_id": _uuid(request.POST.get("member_id", "")),
        "posted": request.POST,
        "problem": problem,
    }
    is_wrong = bool(problem or errors)
    return render(request, "loyalty/join.html", context, status=422 if is_wrong else 200)
