"""Who else has something to say on the home page."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from liushui.analytics.contracts import Alert
from liushui.runtime.access import Principal

AlertProvider = Callable[[Principal], Sequence[Alert]]

_providers: list[AlertProvider] = []


def register_alerts(provider: AlertProvider) -> None:
    """Let modules to the left add alerts to the home page: called with the reader on every showing, so quick.

    The app registers providers once at start; a provider answers nothing for what the reader may not see.
    """
    if provider not in _providers:
        _providers.append(provider)


def provided_alerts(*, principal: Principal) -> list[Alert]:
    """What all providers say to this reader."""
    return [alert for provider in _providers for alert in provider(principal)]
