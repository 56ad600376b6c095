from django.apps import AppConfig


class PrivacyConfig(AppConfig):
    name = "liushui.privacy"
    label = "privacy"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from liushui.privacy import registry  # its titles are translated, which apps may be only now

        registry.register_fields(table=registry.SUBJECT, fields=registry.SUBJECT_FIELDS)
