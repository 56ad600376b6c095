"""Console pages of members and of the loyalty programme."""

from __future__ import annotations

from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from liushui.loyalty.pages import (
    adjustments,
    drafts,
    dry_runs,
    gift_card,
    gift_card_batches,
    gift_cards,
    liability,
    member,
    member_deeds,
    member_list,
    merge,
    merge_requests,
    programmes,
    rules,
    tier_report,
)
from liushui.runtime.menu import MenuEntry

app_name = "loyalty"
_DRAFT = "loyalty/drafts/<int:programme_draft_id>/"
_CARD_BATCH = "members/gift-cards/batches/<uuid:card_batch_id>/"
urlpatterns: list[URLPattern] = [
    path("members/", member_list.member_list, name="members"),
    path("members/export/", member_list.member_export, name="member-export"),
    path("members/new/", member_deeds.join, name="join"),
    path("members/liability/", liability.liability, name="liability"),
    path("members/liability/export/", liability.liability_export, name="liability-export"),
    path("members/tiers/", tier_report.tier_report, name="tiers"),
    path("members/tiers/export/", tier_report.tier_export, name="tier-export"),
    path("members/gift-cards/", gift_cards.gift_cards, name="gift-cards"),
    path("members/gift-cards/batches/", gift_card_batches.batches, name="gift-card-batches"),
    path("members/gift-cards/batches/new/", gift_card_batches.batch_new, name="gift-card-new"),
    path(_CARD_BATCH, gift_card_batches.batch_detail, name="gift-card-batch"),
    path(f"{_CARD_BATCH}progress/", gift_card_batches.batch_progress, name="gift-card-progress"),
    path(f"{_CARD_BATCH}codes/", gift_card_batches.batch_codes, name="gift-card-codes"),
    path("members/gift-cards/<uuid:gift_card_id>/", gift_card.gift_card, name="gift-card"),
    path("members/corrections/<uuid:adjustment_id>/", adjustments.correction, name="correction"),
    path("members/merges/<uuid:merge_id>/", merge_requests.merge_request, name="merge-request"),
    path("members/<uuid:member_id>/", member.member_detail, name="member"),
    path("members/<uuid:member_id>/personal/", member.personal, name="personal"),
    path("members/<uuid:member_id>/reveal/", member_deeds.reveal, name="reveal"),
    path("members/<uuid:member_id>/correct/", member_deeds.correct, name="correct"),
    path("members/<uuid:member_id>/consent/", member_deeds.consent, name="consent"),
    path("members/<uuid:member_id>/card/", member_deeds.card, name="card"),
    path("members/<uuid:member_id>/merge/", merge.merge, name="merge"),
    path("members/<uuid:member_id>/adjust/", adjustments.adjust, name="adjust"),
    path("loyalty/", programmes.programme_list, name="programmes"),
    path("loyalty/find/", rules.find, name="find"),
    path("loyalty/versions/<int:programme_id>/", programmes.version_detail, name="programme"),
    path("loyalty/versions/<int:programme_id>/export/", drafts.version_export, name="programme-export"),
    path(_DRAFT, drafts.draft_detail, name="draft"),
    path(f"{_DRAFT}rules/", rules.rules, name="rules"),
    path(f"{_DRAFT}rules/change/", rules.rules_change, name="rules-change"),
    path(f"{_DRAFT}rules/preview/", rules.rules_preview, name="rules-preview"),
    path(f"{_DRAFT}export/", drafts.draft_export, name="draft-export"),
    path(f"{_DRAFT}import/", drafts.draft_import, name="draft-import"),
    path(f"{_DRAFT}dry-run/", dry_runs.start, name="dry-run-new"),
    path("loyalty/dry-runs/<uuid:dry_run_id>/", dry_runs.dry_run, name="dry-run"),
    path("loyalty/dry-runs/<uuid:dry_run_id>/progress/", dry_runs.progress, name="dry-run-progress"),
    path("loyalty/dry-runs/<uuid:dry_run_id>/export/", dry_runs.export, name="dry-run-export"),
]
MENU = (
    MenuEntry(
        section="members", title=pgettext_lazy("menu", "Members"), url_name="loyalty:members",
        capability="member.read", position=0,
    ),
    MenuEntry(
        section="members", title=_("Loyalty programme"), url_name="loyalty:programmes", capability="member.read",
        position=10,
    ),
    MenuEntry(
        section="members", title=_("Members by tier"), url_name="loyalty:tiers", capability="member.read", position=20
    ),
    MenuEntry(
        section="members", title=_("Liability to members"), url_name="loyalty:liability", capability="report.read",
        position=30,
    ),
    MenuEntry(
        section="members", title=_("Gift cards"), url_name="loyalty:gift-cards", capability="value.adjust", position=40
    ),
)  # fmt: skip
