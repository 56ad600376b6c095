from django import apps


class AppConfig(apps.AppConfig):
    name = "liushui.app"
    label = "app"
    default_auto_field = "django.db.models.BigAutoField"
