"""What others see of portal. The shopper's own pages."""

from __future__ import annotations
