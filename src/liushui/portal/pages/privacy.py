"""The member's own data: seen, taken out, corrected, agreed to and not any more, erased."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from liushui.kernel.errors import LiushuiError
from liushui.loyalty import facade as loyalty
from liushui.portal import pending, sessions
from liushui.portal.access import shopper_page
from liushui.portal.contracts import Shopper
from liushui.portal.errors import BirthdayAgain, TooOften
from liushui.portal.pages.words import problem_text
from liushui.portal.pending import Step
from liushui.privacy import facade as privacy
from liushui.privacy.contracts import MEMBERSHIP, PURPOSES
from liushui.runtime.web import back_to, client_address
from liushui.stores.contracts import Chain

ERASE, NEW_PHONE = "erase", "new-phone"
EDITED = ("name", "birthday", "email", "plate")
_EXPORTS_PER_DAY, _DAY = 10, 86_400
_YEAR = 365 * _DAY
_TYPES = {"json": "application/json", "html": "text/html; charset=utf-8"}


@require_GET
@shopper_page
def overview(request: HttpRequest, *, chain: Chain, shopper: Shopper) -> HttpResponse:
    """All that is kept, and every switch."""
    now = datetime.now(UTC)
    given, notices = privacy.consents(subject_id=shopper.subject_id), privacy.current_notices(chain_id=chain.id)
    own, fields = privacy.own_data(subject_id=shopper.subject_id), privacy.registered_fields()
    context = {
        "chain": chain, "shopper": shopper, "done": request.GET.get("done", ""),
        "data": [
            (field.title, _readable(name, own.get(name, "")))
            for (table, name), field in fields.items()
            if table == "subject"
        ],
        "consents": [(notices[purpose], given.get(purpose)) for purpose in PURPOSES],
        "sessions": sessions.own_sessions(shopper=shopper, now=now),
    }  # fmt: skip
    return render(request, "portal/privacy.html", context)


@back_to("portal:privacy")
@require_POST
@shopper_page
def consent(request: HttpRequest, *, chain: Chain, shopper: Shopper) -> HttpResponse:
    """Agree, or take it back: one button each. Without the consent to membership there is no membership, so taking that
    back leads to the page that ends it."""
    now, purpose = datetime.now(UTC), request.POST.get("purpose", "")
    if request.POST.get("do") == "give":
        notice = privacy.current_notice(chain_id=chain.id, purpose=purpose)
        privacy.give_consent(
            subject_id=shopper.subject_id, purpose=purpose, notice_version=notice.version, channel="portal", now=now
        )
    elif purpose == MEMBERSHIP:
        return redirect("portal:erase")
    else:
        privacy.withdraw_consent(subject_id=shopper.subject_id, purpose=purpose, channel="portal", now=now)
    return redirect(f"{reverse('portal:privacy')}?done=consent")


@back_to("portal:privacy")
@require_POST
@shopper_page
def export(request: HttpRequest, *, chain: Chain, shopper: Shopper) -> HttpResponse:
    """Everything as a file: JSON, or a page to be read."""
    now, form = datetime.now(UTC), "html" if request.POST.get("form") == "html" else "json"
    key = f"portal-export:{shopper.subject_id}"
    if not privacy.take_turn(key=key, limit=_EXPORTS_PER_DAY, seconds=_DAY, now=now):
        raise TooOften(f"{_EXPORTS_PER_DAY} exports a day are the most")
    document = privacy.export_subject(
        subject_id=shopper.subject_id, principal=None, reason="own request on the portal", proved_at=None, now=now
    )
    response = HttpResponse(getattr(document, form), content_type=_TYPES[form])
    response["Content-Disposition"] = f'attachment; filename="my-data-{now:%Y-%m-%d}.{form}"'
    return response


@require_http_methods(["GET", "POST"])
@shopper_page
def correct(request: HttpRequest, *, chain: Chain, shopper: Shopper) -> HttpResponse:
    """Mend what is wrong, take away what need not be kept."""
    own = privacy.own_data(subject_id=shopper.subject_id)
    if request.method == "GET":
        return render(request, "portal/correct.html", {"chain": chain, "given": _shown(own)})
    given = {name: request.POST.get(name, "").strip() for name in EDITED}
    changed = {name: value for name, value in given.items() if value != _shown(own)[name]}
    try:
        if changed:
            _correct(shopper, changed, birthday=own.get("birthday", ""))
    except LiushuiError as error:
        context = {"chain": chain, "given": given, "problem": problem_text(error), "field": error.pointer or ""}
        return render(request, "portal/correct.html", context, status=error.status)
    return redirect(f"{reverse('portal:privacy')}?done=correct")


def _correct(shopper: Shopper, changed: dict[str, str], *, birthday: str) -> None:
    """A birthday that was given before becomes another day, or none, once a year: whoever moves it to today each day
    has its benefits each day. Raises BirthdayAgain."""
    now, turn = datetime.now(UTC), f"portal-birthday:{shopper.subject_id}"
    is_moved = bool(birthday) and changed.get("birthday", birthday)[-5:] != birthday[-5:]
    if is_moved and not privacy.take_turn(key=turn, limit=1, seconds=_YEAR, now=now):
        raise BirthdayAgain("The birthday was changed this year", pointer="/birthday")
    try:
        privacy.update_subject(
            subject_id=shopper.subject_id, fields=changed, principal=None, reason="own request on the portal", now=now
        )
    except LiushuiError:
        if is_moved:
            privacy.give_back_turn(key=turn, seconds=_YEAR, now=now)
        raise


@require_http_methods(["GET", "POST"])
@shopper_page
def new_phone(request: HttpRequest, *, chain: Chain, shopper: Shopper) -> HttpResponse:
    """Another phone: a code goes to the new one."""
    now = datetime.now(UTC)
    if request.method == "GET":
        return render(request, "portal/new_phone.html", {"chain": chain})
    try:
        phone = privacy.normalise(field="phone", value=request.POST.get("phone", ""))
        asked = privacy.request_code(
            chain_id=chain.id, to=phone, channel="sms", purpose=NEW_PHONE, address=client_address(request), now=now
        )
    except LiushuiError as error:
        context = {"chain": chain, "problem": problem_text(error)}
        return render(request, "portal/new_phone.html", context, status=error.status)
    response = redirect("portal:new-phone-code")
    step = Step(phone=phone, purpose=NEW_PHONE, next="", ends_at=pending.ends_at(now), hint=asked.hint)
    pending.put(response, step=step)
    return response


@require_http_methods(["GET", "POST"])
@shopper_page
def new_phone_code(request: HttpRequest, *, chain: Chain, shopper: Shopper) -> HttpResponse:
    """The code of the new phone; then it is the member's."""
    now = datetime.now(UTC)
    step = pending.of(request, purpose=NEW_PHONE, now=now)
    if step is None:
        return redirect("portal:new-phone")
    shown = privacy.mask(field="phone", value=step.phone)
    context: dict[str, Any] = {"chain": chain, "to": shown, "hint": step.hint, "back": "portal:new-phone"}
    if request.method == "GET":
        return render(request, "portal/code.html", context)
    try:
        phone = privacy.check_code(
            chain_id=chain.id, to=step.phone, channel="sms", purpose=NEW_PHONE, code=request.POST.get("code", ""),
            address=client_address(request), now=now,
        )  # fmt: skip
        privacy.update_subject(
            subject_id=shopper.subject_id, fields={"phone": phone}, principal=None,
            reason="own request on the portal", now=now,
        )  # fmt: skip
    except LiushuiError as error:
        return render(request, "portal/code.html", context | {"problem": problem_text(error)}, status=error.status)
    response = redirect(f"{reverse('portal:privacy')}?done=correct")
    pending.forget(response)
    return response


@back_to("portal:privacy")
@require_POST
@shopper_page
def end_others(request: HttpRequest, *, chain: Chain, shopper: Shopper) -> HttpResponse:
    """Sign out on every other device."""
    sessions.end_others(shopper=shopper)
    return redirect(f"{reverse('portal:privacy')}?done=sessions")


@require_http_methods(["GET", "POST"])
@shopper_page
def erase(request: HttpRequest, *, chain: Chain, shopper: Shopper) -> HttpResponse:
    """End the membership and erase the data: told first what goes with it, done with a new code only."""
    now = datetime.now(UTC)
    context: dict[str, Any] = {
        "chain": chain, "balances": loyalty.balances(member_id=shopper.member.id), "is_sent": False, "hint": "",
    }  # fmt: skip
    if request.method == "GET":
        return render(request, "portal/erase.html", context)
    context["is_sent"] = request.POST.get("do") == "erase"
    address = client_address(request)
    try:
        if not context["is_sent"]:
            asked = privacy.request_code(
                chain_id=chain.id, to=None, subject_id=shopper.subject_id, channel="sms", purpose=ERASE,
                address=address, now=now,
            )  # fmt: skip
            return render(request, "portal/erase.html", context | {"is_sent": True, "to": asked.to, "hint": asked.hint})
        if not request.POST.get("sure"):
            problem = _("Tick that you know what is lost.")
            return render(request, "portal/erase.html", context | {"problem": problem}, status=422)
        privacy.check_code(
            chain_id=chain.id, to=None, subject_id=shopper.subject_id, channel="sms", purpose=ERASE,
            code=request.POST.get("code", ""), address=address, now=now,
        )  # fmt: skip
    except LiushuiError as error:
        return render(request, "portal/erase.html", context | {"problem": problem_text(error)}, status=error.status)
    privacy.erase_subject(subject_id=shopper.subject_id, reason="own request on the portal", principal=None, now=now)
    response = render(request, "portal/erased.html", {"chain": chain})
    sessions.forget_cookie(response)
    return response


def _readable(field: str, value: str) -> str:
    """A value as people write it: 138 1234 5678, 06-07."""
    if field == "phone" and value.startswith("+86"):
        return f"{value[3:6]} {value[6:10]} {value[10:]}"
    return value.removeprefix("--") if field == "birthday" else value


def _shown(own: dict[str, str]) -> dict[str, str]:
    """Values as a form shows them: a birthday without the year as month and day."""
    return {name: own.get(name, "").removeprefix("--") for name in EDITED}


urlpatterns: list[URLPattern] = [
    path("my/privacy/", overview, name="privacy"),
    path("my/privacy/consent/", consent, name="consent"),
    path("my/privacy/export/", export, name="export"),
    path("my/privacy/correct/", correct, name="correct"),
    path("my/privacy/phone/", new_phone, name="new-phone"),
    path("my/privacy/phone/code/", new_phone_code, name="new-phone-code"),
    path("my/privacy/sessions/", end_others, name="end-others"),
    path("my/privacy/erase/", erase, name="erase"),
]
