"""Every version of what people were told, and how many agree to each."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Max

from liushui.privacy.contracts import PURPOSES, Notice
from liushui.privacy.domain.notices import BUILT_IN
from liushui.privacy.models import ConsentRow, NoticeRow, SubjectRow


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeVersion:
    """A version; `agreeing` people agree to it now, `is_current` is what people are told today."""

    notice: Notice
    agreeing: int
    is_current: bool


def notice_versions(*, chain_id: int) -> dict[str, list[NoticeVersion]]:
    """By purpose, the newest first; what comes with the program is the last. Two statements."""
    rows = NoticeRow.objects.filter(chain_id=chain_id).order_by("-id").values(*Notice.__dataclass_fields__)
    own = [Notice(**row) for row in rows]
    agreeing = _agreeing(chain_id)
    found: dict[str, list[NoticeVersion]] = {}
    for purpose in PURPOSES:
        listed = [*(each for each in own if each.purpose == purpose), BUILT_IN[purpose]]
        found[purpose] = [
            NoticeVersion(notice=each, agreeing=agreeing.get((purpose, each.version), 0), is_current=at == 0)
            for at, each in enumerate(listed)
        ]
    return found


def _agreeing(chain_id: int) -> dict[tuple[str, str], int]:
    """Of how many people whose data is kept the last word on a purpose was to agree, by version of the notice."""
    kept = SubjectRow.objects.filter(chain_id=chain_id, state="active").values("id")
    mine = ConsentRow.objects.filter(chain_id=chain_id, subject_id__in=kept).order_by()
    newest = mine.values("subject_id", "purpose").annotate(last=Max("id")).values("last")
    rows = ConsentRow.objects.filter(id__in=newest, is_given=True).order_by()
    return {
        (purpose, version): count
        for purpose, version, count in rows.values_list("purpose", "notice_version").annotate(Count("id"))
    }
