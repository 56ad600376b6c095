"""What apps were given in somebody's name: ended with the person's password or account."""

from __future__ import annotations

from oauth2_provider.models import AccessToken, Grant, RefreshToken

from liushui.runtime import believed


def end_of_person(*, user_id: int) -> None:
    """End every code and token that apps hold in this person's name; call it in the transaction of the change."""
    Grant.objects.filter(user_id=user_id).delete()
    RefreshToken.objects.filter(user_id=user_id).delete()
    AccessToken.objects.filter(user_id=user_id).delete()
    believed.forget_all()
