"""Which providers this installation offers: named here one by one, each with its settings."""

from __future__ import annotations

import os

from django.conf import settings
from django.utils.translation import gettext as _

from liushui.payments.contracts import PAYMENT_MODES, ProviderView
from liushui.payments.errors import ProviderUnknown
from liushui.payments.providers.port import Provider
from liushui.payments.providers.sandbox import SandboxProvider, sandbox_provider

SANDBOX_FOLDER = "sandbox-pay"  # in the data folder: keys of both sides


def offered(*, chain_id: int) -> tuple[ProviderView, ...]:
    """The providers that stores of this chain can use; titles in the language of the request."""
    if not settings.LIUSHUI.sandbox_pay_url:
        return ()
    return (ProviderView(name=SandboxProvider.name, title=_("Sandbox wallet"), modes=PAYMENT_MODES, is_sandbox=True),)


def names() -> tuple[str, ...]:
    """Names of every provider that is set up."""
    return (SandboxProvider.name,) if settings.LIUSHUI.sandbox_pay_url else ()


def provider(name: str) -> Provider:
    """The adapter of this name; raises ProviderUnknown."""
    if name not in names():
        raise ProviderUnknown(f"There is no payment provider {name!r}", pointer="/provider")
    return sandbox_provider(
        url=settings.LIUSHUI.sandbox_pay_url,
        folder=settings.LIUSHUI.data_dir / SANDBOX_FOLDER,
        notify_url=settings.LIUSHUI.payment_notify_url,
        timeout_seconds=settings.LIUSHUI.payment_timeout_seconds,
        time_zone=settings.TIME_ZONE,
        pid=os.getpid(),
    )
