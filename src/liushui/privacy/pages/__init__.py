"""Console pages of privacy: requests of people about their data, erasures, and what people are told."""

from __future__ import annotations

from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _

from liushui.privacy.pages import notices, requests
from liushui.runtime.menu import MenuEntry

app_name = "privacy"
urlpatterns: list[URLPattern] = [
    path("privacy/requests/", requests.request_list, name="requests"),
    path("privacy/requests/<uuid:subject_id>/", requests.subject_detail, name="subject"),
    path("privacy/requests/<uuid:subject_id>/export/", requests.subject_export, name="subject-export"),
    path("privacy/requests/<uuid:subject_id>/erase/", requests.subject_erase, name="subject-erase"),
    path("privacy/erasures/", requests.erasure_list, name="erasures"),
    path("privacy/notices/", notices.notice_list, name="notices"),
]
MENU = (
    MenuEntry(
        section="members", title=_("Data requests"), url_name="privacy:requests", capability="privacy.handle",
        position=60,
    ),
    MenuEntry(
        section="members", title=_("Erasures"), url_name="privacy:erasures", capability="privacy.handle", position=70
    ),
    MenuEntry(
        section="members", title=_("Privacy notices"), url_name="privacy:notices", capability="privacy.handle",
        position=80,
    ),
)  # fmt: skip
