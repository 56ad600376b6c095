"""Everyone who reads the event log, and what comes by the clock: the lists that worker, rebuilds and checks share."""

from __future__ import annotations

from liushui.analytics.handlers import CONSUMERS as ANALYTICS
from liushui.intake.tasks import TICKS as INTAKE
from liushui.loyalty.handlers import CONSUMERS as LOYALTY_READ
from liushui.loyalty.tasks import TICKS as LOYALTY
from liushui.payments.tasks import TICKS as PAYMENTS
from liushui.portal.tasks import TICKS as PORTAL
from liushui.privacy.tasks import TICKS as PRIVACY
from liushui.promotions.handlers import CONSUMERS as PROMOTIONS_READ
from liushui.promotions.tasks import TICKS as PROMOTIONS
from liushui.returns.handlers import CONSUMERS as RETURNS
from liushui.runtime import tidy
from liushui.runtime.events import Consumer
from liushui.runtime.ticks import Tick
from liushui.till.tasks import TICKS as TILL

CONSUMERS: tuple[Consumer, ...] = (*ANALYTICS, *PROMOTIONS_READ, *LOYALTY_READ, *RETURNS)
TICKS: tuple[Tick, ...] = (
    *tidy.TICKS,
    *PRIVACY,
    *PORTAL,
    *PAYMENTS,
    *PROMOTIONS,
    *LOYALTY,
    *TILL,
    *INTAKE,
)
