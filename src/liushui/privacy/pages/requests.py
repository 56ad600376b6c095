"""Requests of people about their data: find a person, hand out everything kept, erase, show the proof."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import pgettext, pgettext_lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from liushui.kernel.errors import LiushuiError, NotAllowed
from liushui.privacy import facade, registry
from liushui.privacy.contracts import ErasureProof, Subject
from liushui.privacy.errors import InvalidPersonalData
from liushui.privacy.pages.scope import chain_of, is_chinese, seen_subject
from liushui.runtime import staff
from liushui.runtime.access import Principal
from liushui.runtime.step_up import proved_at
from liushui.runtime.web import back_to, page

PURPOSES = {
    "membership": pgettext_lazy("consent", "Membership"),
    "marketing": pgettext_lazy("consent", "Marketing"),
    "profiling": pgettext_lazy("consent", "Profiling"),
}
STATES = {
    "active": (pgettext_lazy("person", "Kept"), "status-good"),
    "erasing": (pgettext_lazy("person", "Being erased"), "status-warn"),
    "erased": (pgettext_lazy("person", "Erased"), ""),
}
REASON_MAX = 400
SHOWN = 200
_FORMATS = {"json": "application/json; charset=utf-8", "html": "text/html; charset=utf-8"}


def words() -> str:
    """What is typed to confirm an erasure; either language's is taken."""
    return "注销" if is_chinese() else "ERASE"


@sensitive_post_parameters("text")
@require_http_methods(["GET", "POST"])
@page(capability="privacy.handle")
def request_list(request: HttpRequest, *, principal: Principal) -> HttpResponse:
    """Look for a person by phone or e-mail, in a form that leaves no trace in addresses; the latest erasures."""
    chain = chain_of(request, principal)
    problem = ""
    found: tuple[UUID, ...] = ()
    if request.method == "POST":
        text = request.POST.get("text", "").strip()[:200]
        try:
            found = facade.find_subjects(chain_id=chain.id, field="email" if "@" in text else "phone", value=text)
        except InvalidPersonalData:
            problem = _("This is no mobile number and no e-mail address.")
        else:
            if len(found) == 1:
                return redirect("privacy:subject", subject_id=found[0])
            problem = "" if found else _("Nothing is kept of anybody with that.")
    masked = facade.masked(subject_ids=found)
    context = {
        "chain": chain,
        "problem": problem,
        "people": [(subject_id, masked.get(subject_id, {})) for subject_id in found],
        "proofs": facade.proofs(chain_ids=[chain.id], limit=5),
    }
    return render(request, "privacy/requests.html", context, status=422 if problem else 200)


@require_GET
@page(capability="privacy.handle")
def subject_detail(request: HttpRequest, *, subject_id: UUID, principal: Principal) -> HttpResponse:
    """One person: what is kept, masked; what was agreed to; export and erasure, or the proof of one."""
    return _show(request, seen_subject(subject_id=subject_id, principal=principal), principal)


def _show(request: HttpRequest, subject: Subject, principal: Principal, **more: Any) -> HttpResponse:
    title, kind = STATES[subject.state]
    masked = facade.masked(subject_ids=[subject.id]).get(subject.id, {})
    declared = facade.registered_fields()
    proof = facade.proof(subject_id=subject.id)
    context = {
        "subject": subject,
        "state_name": title,
        "state_class": kind,
        "fields": [
            (field.title or name, masked[name], PURPOSES[field.purpose], field.retention_days)
            for (table, name), field in declared.items()
            if table == registry.SUBJECT and name in masked
        ],
        "consents": [
            (PURPOSES[each.purpose], each) for each in reversed(facade.consent_history(subject_id=subject.id))
        ],
        "sources": [source.title for source in registry.sources()],
        "proof": proof,
        "asked_by": _asked_by([proof])[proof.requested_by] if proof else "",
        "gone": _gone(proof) if proof else [],
        "steps": _steps(proof) if proof else [],
        "words": words(),
        "posted": request.POST,
    } | more
    status = 422 if more else 200
    return render(request, "privacy/subject.html", context, status=status)


@back_to("privacy:subject")
@require_POST
@page(capability="privacy.handle", step_up="POST")
def subject_export(request: HttpRequest, *, subject_id: UUID, principal: Principal) -> HttpResponse:
    """Everything kept of a person as a file, JSON or a page to read; written down with the reason."""
    subject = seen_subject(subject_id=subject_id, principal=principal)
    reason, format = request.POST.get("reason", "").strip()[:REASON_MAX], request.POST.get("format", "json")
    if not reason or format not in _FORMATS:
        return _show(request, subject, principal, export_problem=_("Say why, in a few words."))
    now = datetime.now(UTC)
    try:
        document = facade.export_subject(
            subject_id=subject_id, principal=principal, reason=reason, proved_at=proved_at(request), now=now
        )
    except NotAllowed:
        raise
    except LiushuiError as error:
        return _show(request, subject, principal, export_problem=_(error.title))
    body = document.json if format == "json" else document.html
    response = HttpResponse(body, content_type=_FORMATS[format])
    response["Content-Disposition"] = f'attachment; filename="personal-data-{now:%Y%m%d}.{format}"'
    response["Cache-Control"] = "no-store"
    return response


@back_to("privacy:subject")
@require_POST
@page(capability="privacy.handle", step_up="POST")
def subject_erase(request: HttpRequest, *, subject_id: UUID, principal: Principal) -> HttpResponse:
    """Erase a person for good: asks for the word and a reason, and shows the proof."""
    subject = seen_subject(subject_id=subject_id, principal=principal)
    reason = request.POST.get("reason", "").strip()[:REASON_MAX]
    typed = request.POST.get("words", "").strip()
    problem = ""
    if typed.upper() != "ERASE" and typed != "注销":
        problem = _("Type %(words)s to confirm. Nothing was erased.") % {"words": words()}
    elif not reason:
        problem = _("Say why, in a few words.")
    if problem:
        return _show(request, subject, principal, erase_problem=problem)
    try:
        facade.erase_subject(subject_id=subject_id, reason=reason, principal=principal, now=datetime.now(UTC))
    except NotAllowed:
        raise
    except LiushuiError as error:
        return _show(request, subject, principal, erase_problem=_(error.title))
    messages.success(request, _("Erased. The proof stands below."))
    return redirect("privacy:subject", subject_id=subject_id)


@require_GET
@page(capability="privacy.handle")
def erasure_list(request: HttpRequest, *, principal: Principal) -> HttpResponse:
    """The log of erasures: when, why, by whose hand, and that other modules have dropped what they held."""
    chain = chain_of(request, principal)
    found = facade.proofs(chain_ids=[chain.id], limit=SHOWN)
    names = _asked_by(found)
    rows = [(proof, names[proof.requested_by], *_progress(proof)) for proof in found]
    context = {"chain": chain, "rows": rows, "is_full": len(found) == SHOWN}
    return render(request, "privacy/erasures.html", context)


def _asked_by(found: Sequence[ErasureProof]) -> dict[str, str]:
    """By whose hand, in words: a member of the staff, the person himself, or the clock of retention."""
    subjects = {proof.requested_by for proof in found}
    names = staff.names_of(subjects=subjects)
    kinds = {"subject": pgettext("erasure", "The person himself"), "system": pgettext("erasure", "The program")}
    return {each: names.get(each) or kinds.get(each.partition(":")[0], each) for each in subjects}


def _gone(proof: ErasureProof) -> list[str]:
    """What the values were that went, as people call them."""
    declared = {f"{table}.{name}": field.title or name for (table, name), field in facade.registered_fields().items()}
    return [str(declared.get(name, name)) for name in proof.fields]


def _steps(proof: ErasureProof) -> list[tuple[str, datetime]]:
    """Which other part dropped what it held, and when; the earliest first."""
    titles = {source.name: source.title for source in registry.sources()}
    done = [(str(titles.get(name, name)), datetime.fromisoformat(at)) for name, at in proof.steps.items()]
    return sorted(done, key=lambda each: each[1])


def _progress(proof: ErasureProof) -> tuple[str, str]:
    if proof.completed_at is not None:
        return pgettext("erasure", "Done"), "status-good"
    return pgettext("erasure", "Other parts follow"), "status-warn"
