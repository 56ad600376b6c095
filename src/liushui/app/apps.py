from django.apps import AppConfig


class AppConfig(AppConfig):
    name = "liushui.app"
    label = "app"
    default_auto_field = "django.db.models.BigAutoField"
