from django.apps import AppConfig


class ReturnsConfig(AppConfig):
    name = "liushui.returns"
    label = "returns"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from liushui.returns import kinds  # its title is translated, which apps may be only now

        kinds.register()
