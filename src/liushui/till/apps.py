from django.apps import AppConfig


class TillConfig(AppConfig):
    name = "liushui.till"
    label = "till"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from liushui.till import kinds  # its titles are translated, which apps may be only now

        kinds.register()
