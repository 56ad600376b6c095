"""Promotions of a page in words: sentence, period, marks; and what a draft or a version changes, side by side."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from liushui.promotions.contracts import PromotionChange, RulebookChanges
from liushui.promotions.domain.rulebook_json import read_promotion
from liushui.promotions.domain.sentence import sentence
from liushui.promotions.domain.sentence_names import Names, instant_text
from liushui.promotions.errors import InvalidDocument
from liushui.promotions.pages.chain_names import is_chinese
from liushui.runtime import error_words

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeView:
    """One promotion that differs, as people read it: the old and the new sentence, and which parts are not the same."""

    id: str
    name: str
    kind: str
    kind_name: str
    status: str  # class of its mark
    before: str
    after: str
    parts: Sequence[str]


def said(document: Json, names: Names, language: str = "") -> str:
    """The promotion in one language, by default the reader's; a document that cannot be read says so."""
    try:
        promotion = read_promotion(document)
    except InvalidDocument as error:
        return error_words.translated(error.detail)
    return sentence(promotion, language="zh" if (language or _own()) == "zh" else "en", names=names)


def title(document: Json) -> str:
    """Its name in the reader's language, else the other one, else its id."""
    name = document.get("name") or {}
    first, second = ("zh", "en") if is_chinese() else ("en", "zh")
    return str(name.get(first) or name.get(second) or document.get("id", ""))


def period(document: Json, names: Names) -> str:
    """From when until when it may apply."""
    starts, ends = (document.get(key) for key in ("starts_at", "ends_at"))
    if not starts and not ends:
        return str(_("No end"))
    texts = [instant_text(datetime.fromisoformat(each), names) if each else "" for each in (starts, ends)]
    return " – ".join(texts)


def marks(document: Json) -> list[str]:
    """How it goes together with others, in short."""
    found = []
    if document.get("exclusive"):
        found.append(_("Exclusive"))
    if document.get("unit_exclusive"):
        found.append(_("Takes units for itself"))
    if document.get("group"):
        found.append(_("Group %(name)s") % {"name": document["group"]})
    if document.get("not_with"):
        found.append(_("Not with %(count)d others") % {"count": len(document["not_with"])})
    if document.get("priority"):
        found.append(_("Priority %(number)d") % {"number": document["priority"]})
    return found


def change_views(changes: RulebookChanges, names: Names) -> list[ChangeView]:
    """What is added, changed, removed, paused and resumed, in words."""
    return [_change_view(each, names) for each in changes.changes]


def documents_of(changes: RulebookChanges) -> Iterable[Json]:
    """Every promotion that the changes speak of, for its names."""
    for each in changes.changes:
        yield from (side for side in (each.before, each.after) if side is not None)


def _own() -> str:
    return "zh" if is_chinese() else "en"


_STATUS = {"added": "good", "changed": "info", "removed": "bad", "paused": "warn", "resumed": "good"}


def _change_view(change: PromotionChange, names: Names) -> ChangeView:
    kinds = {
        "added": _("Added"),
        "changed": _("Changed"),
        "removed": _("Removed"),
        "paused": _("Paused"),
        "resumed": _("Resumed"),
    }
    before, after = change.before, change.after
    return ChangeView(
        id=change.id,
        name=title(after or before or {"id": change.id}),
        kind=change.kind,
        kind_name=kinds[change.kind],
        status=f"status-{_STATUS[change.kind]}",
        before=said(before, names) if before is not None and change.kind in ("changed", "removed") else "",
        after=said(after, names) if after is not None and change.kind != "removed" else "",
        parts=_parts(before, after) if change.kind == "changed" else (),
    )


def _parts(before: Json | None, after: Json | None) -> list[str]:
    """The parts that differ, by what the form calls them."""
    names = {
        "name": _("Name"),
        "when": _("Conditions"),
        "effects": _("What it gives"),
        "limits": _("Limits"),
        "starts_at": _("Starts"),
        "ends_at": _("Ends, without"),
        "weekdays": _("Days of the week"),
        "hours": _("Hours of the day"),
        "return_policy": _("When goods come back"),
    }
    one, other = before or {}, after or {}
    found = {key for key in {*one, *other} if one.get(key) != other.get(key)}
    known = [text for key, text in names.items() if key in found]
    return known + ([_("How it goes with others")] if found - set(names) else [])
