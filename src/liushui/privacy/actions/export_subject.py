"""Everything about one person, for that person: JSON for machines, a page to be read."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.template.loader import render_to_string

from liushui.privacy import export_words, queries, registry
from liushui.privacy.actions.reveal import require_proof
from liushui.privacy.consent_queries import consent_history
from liushui.privacy.contracts import ExportDocument
from liushui.privacy.errors import UnknownSubject
from liushui.privacy.models import MessageRow
from liushui.privacy.people import actor, checked_reason, require
from liushui.runtime import audit
from liushui.runtime.access import Principal, SystemPrincipal

FORMAT = "liushui-subject-export/1"


def export_subject(
    *, subject_id: UUID, principal: Principal | None, reason: str, proved_at: datetime | None, now: datetime
) -> ExportDocument:
    """What is kept of a person here and in every registered source. Without a principal it is the person himself.

    Staff need privacy.handle and fresh proof, as for `reveal`; the audit line comes first. Raises UnknownSubject.
    """
    row = queries.subject(subject_id=subject_id)
    require(principal, "privacy.handle", chain_id=row.chain_id)
    text = checked_reason(reason)
    if principal is not None and not isinstance(principal, SystemPrincipal):
        require_proof(proved_at, now=now)
    if row.state != "active":
        raise UnknownSubject("The data of this person was erased")
    with transaction.atomic():
        audit.record(
            principal=actor(principal, subject_id=subject_id), action="subject.export", target=f"subject:{subject_id}",
            chain_id=row.chain_id, after={"sources": [source.name for source in registry.sources()]}, reason=text,
        )  # fmt: skip
    document = gathered(subject_id=subject_id, now=now)
    titles = {source.name: source.title for source in registry.sources()}
    page = render_to_string(
        "privacy/export.html",
        {
            "made_at": now,
            "person": [
                (
                    registry.field(table=each["table"], name=each["field"]).title or each["field"],
                    export_words.value_of(each["value"], field=each["field"]),
                )
                for each in document["personal_data"]
            ],
            "consents": [_in_words(each) for each in document["consents"]],
            "messages": [_in_words(each) for each in document["messages"]],
            "parts": [(titles[name], export_words.node(value)) for name, value in document["sources"].items()],
        },
    )
    text_json = json.dumps(document, ensure_ascii=False, indent=1, default=str)
    return ExportDocument(subject_id=subject_id, made_at=now, json=text_json.encode(), html=page.encode())


def _in_words(row: dict[str, Any]) -> dict[str, Any]:
    """As `row`; what is a yes or no stays one. The purpose is a name, all else a value."""
    return {
        name: value if isinstance(value, bool)
        else export_words.name_of(value) if name == "purpose" else export_words.value_of(value)
        for name, value in row.items()
    }  # fmt: skip


def gathered(*, subject_id: UUID, now: datetime) -> dict[str, Any]:
    """The export as plain data."""
    messages = MessageRow.objects.filter(subject_id=subject_id).order_by("sent_at")
    return {
        "format": FORMAT,
        "subject_id": str(subject_id),
        "made_at": now.isoformat(),
        "personal_data": [
            {
                "table": table, "field": name, "value": value,
                "purpose": registry.field(table=table, name=name).purpose,
                "retention_days": registry.field(table=table, name=name).retention_days,
            }
            for (table, name), value in queries.plain(subject_id=subject_id).items()
        ],
        "consents": [
            {
                "purpose": each.purpose, "is_given": each.is_given, "notice_version": each.notice_version,
                "channel": each.channel, "at": each.at.isoformat(),
            }
            for each in consent_history(subject_id=subject_id)
        ],
        "messages": [
            {"channel": each.channel, "purpose": each.purpose, "to": each.to_masked, "at": each.sent_at.isoformat(),
             "outcome": each.outcome}
            for each in messages
        ],
        "sources": {source.name: source.export(subject_id) for source in registry.sources()},
    }  # fmt: skip
