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
        # Also in the databases of tests. Sent once for each app that has models, when every migration has been run:
        # the runtime's is as good as any.
        post_migrate.connect(_install_row_security, sender=apps.apps.get_app_config("runtime"))


def _install_row_security(*, using: str, plan: Any = (), **_rest: Any) -> None:
    if using == DEFAULT_DB_ALIAS:
        row_policies.install(policies=POLICIES, again=bool(plan))
