"""What others see of returns. What comes back to a shopper for goods that come back."""

from __future__ import annotations
