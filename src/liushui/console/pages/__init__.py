"""Console pages of sign-in, of one's own account, of approvals and of Settings: staff, API clients, audit log."""

from __future__ import annotations

from django.urls import path
from django.utils.translation import gettext_lazy as _

from liushui.console.pages import api_clients, approvals, audit, manual, security, sign_in, staff, verify
from liushui.runtime.menu import MenuEntry

app_name = "console"
urlpatterns = [
    path("help/", manual.help_index, name="help"),
    path("help/<slug:name>/", manual.help_page, name="help-page"),
    path("help/images/<slug:language>/<str:name>", manual.help_picture, name="help-picture"),
    path("sign-in/", sign_in.sign_in, name="sign-in"),
    path("sign-in/second-step/", sign_in.second_step, name="second-step"),
    path("sign-out/", sign_in.sign_out, name="sign-out"),
    path("verify/", verify.verify, name="verify"),
    path("account/security/", security.security, name="security"),
    path("account/security/app/", security.add_app, name="add-app"),
    path("account/security/passkey/", security.add_passkey, name="add-passkey"),
    path("approvals/", approvals.inbox, name="approvals"),
    path("approvals/<uuid:approval_id>/", approvals.request_detail, name="approval"),
    path("settings/staff/", staff.staff_list, name="staff"),
    path("settings/staff/new/", staff.staff_new, name="staff-new"),
    path("settings/staff/<int:user_id>/", staff.staff_detail, name="staff-detail"),
    path("settings/api-clients/", api_clients.client_list, name="api-clients"),
    path("settings/api-clients/new/", api_clients.client_new, name="api-client-new"),
    path("settings/api-clients/<slug:client_id>/", api_clients.client_detail, name="api-client-detail"),
    path("settings/audit/", audit.audit_list, name="audit"),
    path("settings/audit/export/", audit.audit_export, name="audit-export"),
]
MENU = (
    MenuEntry(section="approvals", title=_("Approvals"), url_name="console:approvals", capability=None),
    MenuEntry(section="settings", title=_("Staff"), url_name="console:staff", capability="access.manage", position=10),
    MenuEntry(
        section="settings",
        title=_("API clients"),
        url_name="console:api-clients",
        capability="access.manage",
        position=20,
    ),
    MenuEntry(section="settings", title=_("Audit log"), url_name="console:audit", capability="audit.read", position=30),
    MenuEntry(section="help", title=_("Manual"), url_name="console:help", capability=None),
)
