from django.apps import AppConfig


class TillConfig(AppConfig):
    name = "liushui.till"
    label = "till"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from liushui.analytics import facade as analytics  # models can be imported only now
        from liushui.till import kinds  # its titles are translated, which apps may be only now
        from liushui.till.alerts import till_alerts

        kinds.register()
        analytics.register_alerts(till_alerts)
