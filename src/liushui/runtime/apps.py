from django.apps import AppConfig
from django.conf import settings

from liushui.runtime.telemetry import configure_logging


class RuntimeConfig(AppConfig):
    name = "liushui.runtime"
    label = "runtime"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        configure_logging(level=settings.LIUSHUI.log_level, json=settings.LIUSHUI.log_json)
