"""What can be wrong with a basket, a rulebook, a coupon or the use of a promotion."""

from __future__ import annotations

from liushui.kernel.errors import LiushuiError


class InvalidDocument(LiushuiError):
    """The document is not of the form that promotions take.

    `pointer` holds the JSON path as in `promotions[3].effects[0].percent`; `context["promotion"]` the promotion's id
    where it is known.
    """

    status = 422
    type = "invalid-promotion-document"
