"""E-mail by SMTP, through Django's own back-end (`EMAIL_*` in app/settings.py, from LIUSHUI_EMAIL_*)."""

from __future__ import annotations

import smtplib
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.utils.translation import gettext

from liushui.privacy.errors import MessageFailed


def post_mail(*, message_id: UUID, to: str, text: str) -> None:
    """Hand one text to the SMTP server, once: it keeps what can't be delivered yet. Raises MessageFailed.

    The Message-ID is the message's own id. What an SMTP server answers may have the address in it, so nothing of it but
    the number of the answer goes on from here.
    """
    if not settings.EMAIL_HOST or not settings.DEFAULT_FROM_EMAIL:
        raise MessageFailed("not-set-up", remedy="Set LIUSHUI_EMAIL_HOST and LIUSHUI_EMAIL_FROM.")
    host = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].rstrip(">")
    message = EmailMessage(
        subject=gettext("A message from the shop"), body=text, to=[to],
        headers={"Message-ID": f"<{message_id}@{host}>", "Auto-Submitted": "auto-generated"},
        connection=get_connection("django.core.mail.backends.smtp.EmailBackend"),
    )  # fmt: skip
    problem = ""
    try:
        message.send()
    except smtplib.SMTPResponseException as error:
        problem = f"smtp {error.smtp_code}"
    except (smtplib.SMTPException, OSError, ValueError) as error:  # ValueError: what headers can't have
        problem = type(error).__name__
    if problem:
        raise MessageFailed(problem)  # outside of `except`, so that no traceback tells of the answer
