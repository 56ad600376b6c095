"""Everyone who reads the event log: the one list that the worker, rebuilds and checks share."""

from __future__ import annotations

from liushui.analytics.handlers import CONSUMERS as ANALYTICS
from liushui.runtime.events import Consumer

CONSUMERS: tuple[Consumer, ...] = (*ANALYTICS,)
