from django.apps import AppConfig


class OrdersConfig(AppConfig):
    name = "liushui.orders"
    label = "orders"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from liushui.orders import kinds  # its title is translated, which apps may be only now

        kinds.register()
