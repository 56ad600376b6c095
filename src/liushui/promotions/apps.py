from django.apps import AppConfig


class PromotionsConfig(AppConfig):
    name = "liushui.promotions"
    label = "promotions"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from liushui.promotions import kinds  # its titles are translated, which apps may be only now

        kinds.register()
