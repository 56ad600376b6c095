from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "liushui.portal"
    label = "portal"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from liushui.portal import own_export, sessions  # their titles are translated, which apps may be only now

        sessions.register()
        own_export.register()
