from django.apps import AppConfig


class CheckoutConfig(AppConfig):
    name = "liushui.checkout"
    label = "checkout"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from liushui.checkout.explaining import explained_price  # models can be imported only now
        from liushui.orders import facade as orders

        orders.set_explainer(explained_price)
