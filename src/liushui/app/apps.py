from typing import Any

from django import apps
from django.db import DEFAULT_DB_ALIAS
from django.db.models.signals import post_migrate

from liushui.app.protected_tables import POLICIES
from liushui.runtime import row_policies


class AppConfig(apps.AppConfig):
    name = "liushui.app"
    label = "app"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # The last of our apps: by then every table of this version is there, also in the databases of tests.
        post_migrate.connect(_install_row_security, sender=self)


def _install_row_security(*, using: str, plan: Any = (), **_rest: Any) -> None:
    if using == DEFAULT_DB_ALIAS:
        row_policies.install(policies=POLICIES, again=bool(plan))
