from django.apps import AppConfig


class LoyaltyConfig(AppConfig):
    name = "liushui.loyalty"
    label = "loyalty"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from liushui.loyalty import programme_access  # its titles are translated, which apps may be only now
        from liushui.loyalty.actions import (
            adjust,
            erase_member,
            extend_card,
            merge_by_two,
            unblock_card_batch,
            unblock_gift_card,
        )

        programme_access.register_programme_kind()
        adjust.register()
        erase_member.register()
        extend_card.register()
        merge_by_two.register()
        unblock_card_batch.register()
        unblock_gift_card.register()
