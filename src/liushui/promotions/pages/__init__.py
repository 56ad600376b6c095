"""Console pages of promotions: the list, drafts with the builder, versions, coupon batches."""

from __future__ import annotations

from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from liushui.promotions.pages import (
    builder,
    coupon_batch,
    coupons,
    detail,
    drafts,
    find,
    lint,
    listing,
    transfer,
    versions,
)
from liushui.runtime.menu import MenuEntry

app_name = "promotions"
urlpatterns: list[URLPattern] = [
    path("promotions/", listing.promotion_list, name="list"),
    path("promotions/export/", listing.promotion_export, name="export"),
    path("promotions/chosen/", listing.change_chosen, name="chosen"),
    path("promotions/new/", drafts.begin, name="begin"),
    path("promotions/find/<slug:source>/", find.find, name="find"),
    path("promotions/of/<path:promotion_id>/", detail.promotion_detail, name="promotion"),
    path("promotions/drafts/", drafts.draft_list, name="drafts"),
    path("promotions/drafts/<int:draft_id>/", drafts.draft_detail, name="draft"),
    path("promotions/drafts/<int:draft_id>/findings/", lint.draft_findings, name="findings"),
    path("promotions/drafts/<int:draft_id>/export/", transfer.draft_export, name="draft-export"),
    path("promotions/drafts/<int:draft_id>/import/", transfer.draft_import, name="draft-import"),
    path(
        "promotions/drafts/<int:draft_id>/promotions/<path:promotion_id>/change/",
        builder.builder_change,
        name="builder-change",
    ),
    path(
        "promotions/drafts/<int:draft_id>/promotions/<path:promotion_id>/preview/",
        builder.builder_preview,
        name="builder-preview",
    ),
    path("promotions/drafts/<int:draft_id>/promotions/<path:promotion_id>/", builder.builder, name="builder"),
    path("promotions/versions/", versions.version_list, name="versions"),
    path("promotions/versions/<int:rulebook_id>/", versions.version_detail, name="version"),
    path("promotions/versions/<int:rulebook_id>/export/", transfer.version_export, name="version-export"),
    path("promotions/coupons/", coupons.coupon_list, name="coupons"),
    path("promotions/coupons/export/", coupons.coupon_export, name="coupon-export"),
    path("promotions/coupons/new/", coupons.coupon_new, name="coupon-new"),
    path("promotions/coupons/<int:batch_id>/", coupon_batch.coupon_batch, name="coupon-batch"),
    path("promotions/coupons/<int:batch_id>/codes/", coupon_batch.coupon_codes, name="coupon-codes"),
    path("promotions/coupons/<int:batch_id>/members/", coupon_batch.coupon_members, name="coupon-members"),
    path("promotions/coupons/<int:batch_id>/void/", coupon_batch.coupon_void, name="coupon-void"),
]
MENU = (
    MenuEntry(
        section="marketing",
        title=pgettext_lazy("menu", "Promotions"),
        url_name="promotions:list",
        capability="promotion.read",
        position=0,
    ),
    MenuEntry(
        section="marketing", title=_("Drafts"), url_name="promotions:drafts", capability="promotion.read", position=10
    ),
    MenuEntry(
        section="marketing",
        title=_("Versions"),
        url_name="promotions:versions",
        capability="promotion.read",
        position=20,
    ),
    MenuEntry(
        section="marketing",
        title=pgettext_lazy("menu", "Coupons"),
        url_name="promotions:coupons",
        capability="promotion.read",
        position=30,
    ),
)
