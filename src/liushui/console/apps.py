from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    name = "liushui.console"
    label = "console"
    default_auto_field = "django.db.models.BigAutoField"
