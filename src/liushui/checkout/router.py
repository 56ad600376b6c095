"""HTTP: what a basket would come to."""

from __future__ import annotations

from datetime import UTC, datetime

from django.http import HttpRequest
from ninja import Router

from liushui.checkout import facade
from liushui.checkout.actions.value import member_by_number
from liushui.checkout.contracts import LineCommand, Member, Quote, QuotedLine, Shipping
from liushui.checkout.domain.places import Senders
from liushui.checkout.errors import PriceMissing
from liushui.checkout.schemas import CodeProblemAnswer, QuoteAnswer, QuoteBody, QuotedDiscount, QuotedLineAnswer
from liushui.kernel.errors import InvalidValue
from liushui.runtime.access import Principal
from liushui.runtime.oauth import Bearer
from liushui.stores import facade as stores
from liushui.stores.contracts import Store

router = Router(tags=["quotes"])


@router.post(
    "/quotes",
    auth=Bearer("sale.write"),
    response=QuoteAnswer,
    summary="Price a basket",
    operation_id="quote",
)
def quote(request: HttpRequest, body: QuoteBody) -> QuoteAnswer:
    """What a basket comes to now, by the catalogue's prices and the promotions in force: the best price that the rules
    allow, what each promotion gave, why others gave nothing, and what is missing for them. Writes nothing. Send the
    sale without amounts and it is priced in the same way. A line that can't be sold is a 422 that points to it."""
    principal: Principal = request.auth  # type: ignore[attr-defined]
    senders = Senders.of(
        principal, chains=stores.chains(), stores_by_code=stores.stores_by_code(), capability="sale.write"
    )
    store = senders.store(chain=body.chain, code=body.store)
    commands = [LineCommand(**line.model_dump()) for line in body.lines]
    now = datetime.now(UTC)
    found = facade.quote(
        store=store,
        lines=commands,
        at=now,
        channel=body.channel,
        codes=body.codes,
        member=_member(body, store, now),
        shipping=[Shipping(id=each.id, method=each.method, amount=each.amount_minor) for each in body.shipping],
        payment_method=body.payment_method,
    )
    for number, line in enumerate(found.lines):
        if line.refusal is not None:
            _refuse(number, line)
    return _answer(store, commands, found, body)


def _member(body: QuoteBody, store: Store, now: datetime) -> Member | None:
    stated = body.member
    if stated is None:
        return None
    if isinstance(stated, str):
        return member_by_number(number=stated, store=store, at=now)
    return Member(
        id=stated.id,
        tier=stated.tier,
        groups=tuple(stated.groups),
        birthday=(int(stated.birthday[:2]), int(stated.birthday[3:])) if stated.birthday else None,
        completed_orders=stated.completed_orders,
        attributes=stated.attributes,
    )


def _refuse(number: int, line: QuotedLine) -> None:
    """Raise what a line is refused for, pointing to what the asker can change: it states no amounts."""
    refusal = line.refusal
    if isinstance(refusal, PriceMissing):
        needs_measure = line.item is not None and line.item.weighed and line.unit_price_minor is not None
        raise PriceMissing(
            refusal.detail,
            pointer=f"/lines/{number}/{'measure_value' if needs_measure else 'code'}",
            remedy="Give its measure." if needs_measure else "Set a price for it in this store.",
        )
    if refusal is not None:
        raise refusal


def _answer(store: Store, commands: list[LineCommand], found: Quote, body: QuoteBody) -> QuoteAnswer:
    shipping = found.answer.shipping if found.answer else sum(each.amount_minor for each in body.shipping)
    lines = []
    for command, quoted in zip(commands, found.lines, strict=True):
        if quoted.line is None or quoted.item is None:
            raise InvalidValue(f"{command.code!r} can't be sold")
        line, item = quoted.line, quoted.item
        lines.append(
            QuotedLineAnswer(
                line_number=line.line_number,
                code=command.code,
                sku=line.sku,
                name_zh=item.name_zh,
                name_en=item.name_en,
                units=line.units,
                regular_minor=line.regular_minor,
                discount_minor=line.discount_minor,
                amount_minor=line.amount_minor,
                tax_minor=line.tax_minor,
                discounts=[
                    QuotedDiscount(promotion=each.code, name=each.name, amount_minor=each.amount_minor)
                    for each in line.discounts
                ],
            )
        )
    return QuoteAnswer(
        store=store.code,
        currency=store.currency,
        lines=lines,
        regular_minor=found.regular_minor,
        discount_minor=found.discount_minor,
        shipping_minor=shipping,
        total_minor=found.total_minor + shipping,
        tax_minor=found.tax_minor,
        code_problems=[CodeProblemAnswer(code=code, problem=why) for code, why in found.code_problems.items()],
        answer=found.answer.to_json() if found.answer else None,
    )
