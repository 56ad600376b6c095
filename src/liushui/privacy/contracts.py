"""What others see of privacy. Personal data: kept encrypted, shown masked, exported and erased on request."""

from __future__ import annotations
