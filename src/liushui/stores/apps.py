from django.apps import AppConfig


class StoresConfig(AppConfig):
    name = "liushui.stores"
    label = "stores"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from liushui.runtime import access, places
        from liushui.stores import facade  # models exist only now

        access.set_grant_expander(facade.expand_grants)
        places.set_directory(facade)
