from django.apps import AppConfig


class TillConfig(AppConfig):
    name = "liushui.till"
    label = "till"
    default_auto_field = "django.db.models.BigAutoField"
