from django.apps import AppConfig


class IntakeConfig(AppConfig):
    name = "liushui.intake"
    label = "intake"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from liushui.analytics import facade as analytics  # models can be imported only now
        from liushui.intake.alerts import quarantine_alerts

        analytics.register_alerts(quarantine_alerts)
