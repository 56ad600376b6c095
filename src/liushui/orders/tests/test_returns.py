"""Units come back once: claims by version, counters, voids on either side, what is read of it, and what it costs."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from importlib import import_module
from uuid import UUID

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.migrations.loader import MigrationLoader
from django.test.utils import CaptureQueriesContext

from liushui.kernel.errors import NotFound
from liushui.kernel.ids import new_id
from liushui.orders import facade
from liushui.orders.contracts import (
    Discount,
    GivenBack,
    OriginalLine,
    PriceExplanation,
    RecordSale,
    ReturnOf,
    SaleRecorded,
    Tender,
)
from liushui.orders.errors import ReturnedMeanwhile, ReturnUnclaimed, SaleHasReturns, ValueGivenBack
from liushui.orders.models import ReturnCounterRow, ReturnHeadRow, Sale
from liushui.orders.tests.examples import NOON, line, sale
from liushui.runtime.models import OutboxEvent

pytestmark = pytest.mark.django_db


def record(*commands: RecordSale) -> list:
    return facade.record_sales(commands=commands, recorded_at=NOON)


def sold(house, name: str = "S-1") -> UUID:
    """Two lines: three units for 30.00 with 3.00 off, and one for 12.50; paid 20.00 by card and the rest in cash."""
    lines = (line(1, units=3, amount=2700, regular=3000, tax_minor=223), line(2, amount=1250))
    [answer] = record(
        sale(
            name, lines=lines, chain_id=house.chain_id, store_id=house.here.id,
            tenders=(Tender(type="card", amount_minor=2000, reference="R1"), Tender(type="cash", amount_minor=1950)),
        )
    )  # fmt: skip
    assert isinstance(answer, SaleRecorded)
    return answer.sale_id


def back(house, original: UUID, name: str = "R-1", *, units: int = 1, version: int = 0, **fields) -> RecordSale:
    """A return of so many units of the first line, for 9.00 each, in cash."""
    returned = line(
        1, units=-units, amount=-900 * units, regular=-1000 * units, tax_minor=-74 * units,
        original=OriginalLine(sale_id=original, line_number=1),
    )  # fmt: skip
    claims = (
        ReturnOf(
            sale_id=original, expected_version=version,
            given_back=(GivenBack(position=2, amount_minor=900 * units),),
        ),
    )  # fmt: skip
    values = {"lines": (returned,), "chain_id": house.chain_id, "store_id": house.there.id, "store_code": "SH02"}
    return sale(name, **(values | {"returns_of": claims} | fields))


def so_far(house, original: UUID):
    return facade.returned(sale_id=original, chain_id=house.chain_id)


def test_what_came_back_is_known_by_line_and_tender_and_from_either_receipt(house) -> None:
    original = sold(house)
    assert (so_far(house, original).version, so_far(house, original).lines) == (0, {})
    [first] = record(back(house, original, units=2))
    found = so_far(house, original)
    assert (found.version, found.state, found.tenders) == (1, "open", {2: 1800})
    returned = found.lines[1]
    assert (returned.units, returned.regular_minor, returned.discount_minor, returned.amount_minor) == (
        2, 2000, 200, 1800,
    )  # fmt: skip
    assert (returned.tax_minor, returned.discounts) == (148, {"D1": 200})
    [link] = facade.return_links(sale_id=original)
    assert facade.return_links(sale_id=first.sale_id) == (link,)
    assert link.completed_at == NOON
    assert (link.original_receipt, link.original_line_number, link.receipt_number, link.units, link.amount_minor) == (
        "S-1", 1, "R-1", 2, 1800,
    )  # fmt: skip
    [stored] = facade.sale(sale_id=first.sale_id, store_ids={house.there.id}).lines
    assert stored.original == OriginalLine(sale_id=original, line_number=1)
    [(fact, _status)] = [each for each in facade.sale_facts(after=None, limit=9) if each[0].sale_id == first.sale_id]
    assert fact.lines[0].original == stored.original


def test_more_than_was_bought_never_comes_back(house) -> None:
    original = sold(house)
    [_first, late] = record(back(house, original, units=2), back(house, original, "R-2", units=2, version=1))
    assert isinstance(late, ReturnedMeanwhile)
    assert so_far(house, original).lines[1].units == 2
    with pytest.raises(IntegrityError), transaction.atomic():
        ReturnCounterRow.objects.filter(sale_id=original).update(returned_units=4)


def test_of_two_returns_worked_out_on_the_same_state_one_is_recorded(house) -> None:
    original = sold(house)
    events = OutboxEvent.objects.count()
    [first, second, other] = record(back(house, original), back(house, original, "R-2"), sale("Z-1"))
    assert (type(first), type(second), type(other)) == (SaleRecorded, ReturnedMeanwhile, SaleRecorded)
    assert not Sale.objects.filter(source_id="R-2").exists()
    assert OutboxEvent.objects.count() == events + 2
    assert so_far(house, original).version == 1
    [again] = record(back(house, original, "R-2", version=1))
    assert isinstance(again, SaleRecorded)


def test_a_return_sent_again_answers_the_first_and_takes_nothing(house) -> None:
    original = sold(house)
    [first] = record(back(house, original))
    [again] = record(back(house, original))
    assert (again.sale_id, again.is_replay) == (first.sale_id, True)
    assert so_far(house, original).lines[1].units == 1


def test_a_sale_with_returns_is_not_voided_and_a_voided_one_not_returned(house) -> None:
    kept, gone = sold(house), sold(house, "S-2")
    record(back(house, kept))
    manager = house.principal()
    with pytest.raises(SaleHasReturns):
        facade.void_sale(sale_id=kept, reason="mistake", principal=manager, now=NOON)
    assert Sale.objects.get(id=kept).status == "completed"
    facade.void_sale(sale_id=gone, reason="mistake", principal=manager, now=NOON)
    assert so_far(house, gone).state == "voided"
    for version in (0, 1):
        [late] = record(back(house, gone, f"R-{version + 5}", version=version))
        assert isinstance(late, ReturnedMeanwhile)


def test_voiding_a_return_gives_its_units_back(house) -> None:
    original = sold(house)
    [first] = record(back(house, original, units=3, store_id=house.here.id))
    manager = house.principal()
    facade.void_sale(sale_id=first.sale_id, reason="mistake", principal=manager, now=NOON)
    found = so_far(house, original)
    assert (found.version, found.lines, found.tenders) == (2, {}, {})
    assert ReturnHeadRow.objects.get(sale_id=original).returned_units == 0
    facade.void_sale(sale_id=first.sale_id, reason="twice", principal=manager, now=NOON)
    assert so_far(house, original).version == 2
    [again] = record(back(house, original, "R-2", units=3, version=2))
    assert isinstance(again, SaleRecorded)


def test_a_sale_whose_returns_were_all_voided_can_be_voided(house) -> None:
    original = sold(house)
    [first] = record(back(house, original, store_id=house.here.id))
    facade.void_sale(sale_id=first.sale_id, reason="mistake", principal=house.principal(), now=NOON)
    facade.void_sale(sale_id=original, reason="mistake", principal=house.principal(), now=NOON)
    assert so_far(house, original).state == "voided"


def test_claims_and_lines_name_the_same_sales(house) -> None:
    original = sold(house)
    command = back(house, original)
    for wrong in (
        replace(command, returns_of=()),
        replace(command, returns_of=(*command.returns_of, ReturnOf(sale_id=new_id(), expected_version=0))),
        replace(command, returns_of=(*command.returns_of, *command.returns_of)),
        replace(command, lines=(replace(command.lines[0], units=0),)),
        sale("X", lines=(line(original=command.lines[0].original),), returns_of=command.returns_of),
    ):  # fmt: skip
        with pytest.raises(ReturnUnclaimed):
            record(wrong)
    [stranger] = record(replace(command, chain_id=house.chain_id + 1))
    assert isinstance(stranger, ReturnedMeanwhile)
    assert so_far(house, original).version == 0


def test_an_exchange_takes_back_and_sells_in_one_sale(house) -> None:
    original = sold(house)
    command = back(house, original)
    lines = (*command.lines, line(2, amount=1000))
    [answer] = record(replace(command, lines=lines, tenders=(Tender(type="cash", amount_minor=100),)))
    assert answer.total_minor == 100
    assert so_far(house, original).tenders == {2: 900}


def test_a_sale_that_took_goods_back_is_returned_by_its_own_bought_lines(house) -> None:
    original = sold(house)
    command = back(house, original)
    lines = (*command.lines, line(2, amount=1000))
    [exchange] = record(replace(command, lines=lines, tenders=(Tender(type="cash", amount_minor=100),)))
    wrong = back(house, exchange.sale_id, "R-8")  # its first line is no purchase
    [late] = record(wrong)
    assert isinstance(late, ReturnedMeanwhile)
    right = replace(wrong.lines[0], original=OriginalLine(sale_id=exchange.sale_id, line_number=2))
    [taken] = record(replace(wrong, source_id="R-9", lines=(right,)))
    assert isinstance(taken, SaleRecorded)


def test_all_of_a_sale_for_a_return_is_one_statement_and_another_chain_has_none(house) -> None:
    original = sold(house)
    record(back(house, original))
    with CaptureQueriesContext(connection) as taken:
        found = facade.for_return(sale_id=original, chain_id=house.chain_id)
    assert len(taken) == 1
    assert found.sale == facade.sale(sale_id=original, store_ids={house.here.id})
    assert (found.explanation, found.so_far.lines[1].units) == (None, 1)
    with pytest.raises(NotFound):
        facade.for_return(sale_id=original, chain_id=house.chain_id + 1)


def test_receipts_of_the_whole_chain_are_found_by_their_number(house) -> None:
    original = sold(house)
    assert [each.id for each in facade.receipts_of_chain(chain_id=house.chain_id, text=" S-1 ")] == [original]
    assert facade.receipts_of_chain(chain_id=house.chain_id + 1, text="S-1") == ()
    assert facade.receipts_of_chain(chain_id=house.chain_id, text="") == ()


def test_recording_takes_no_statement_more_without_returns_and_four_with_them(house) -> None:
    original = sold(house)

    def statements(command: RecordSale) -> list[str]:
        with CaptureQueriesContext(connection) as taken:
            record(command)
        return [each["sql"] for each in taken if "orders_return" in each["sql"]]

    assert statements(sale("plain")) == []
    # The head, the counter, the link, the tender; on PostgreSQL two messages, the first with the sale.
    assert len(statements(back(house, original))) == (2 if connection.vendor == "postgresql" else 4)


def test_points_that_promotions_promised_are_told_by_every_fact(house) -> None:
    explanation = PriceExplanation(rulebook_version="v1", rulebook_digest="d", answer="{}", basket="{}")
    [answer] = record(
        sale(
            "P-1", chain_id=house.chain_id, store_id=house.here.id, explanation=explanation,
            points_multiply_bp=20_000, points_add=50,
        )
    )  # fmt: skip
    [(fact, _status)] = facade.sale_facts(after=None, limit=5)
    told = facade.decode_fact(bytes(OutboxEvent.objects.get().data))
    for each in (fact, told):
        assert (each.sale_id, each.points_multiply_bp, each.points_add) == (answer.sale_id, 20_000, 50)


def test_what_was_clawed_back_before_comes_back_on_a_line_without_units(house) -> None:
    original = sold(house)
    whole = back(house, original, units=3, version=0)
    rest = line(
        2, units=0, amount=-50, regular=0, is_return=True,
        discounts=(Discount(code="clawback", name="", amount_minor=50),),
        original=OriginalLine(sale_id=original, line_number=2),
    )  # fmt: skip
    command = replace(
        whole,
        lines=(*whole.lines, rest),
        tenders=(Tender(type="cash", amount_minor=-2750),),
        completed_at=NOON + timedelta(hours=1),
    )
    [answer] = record(command)
    assert isinstance(answer, SaleRecorded)
    assert (so_far(house, original).lines[2].units, so_far(house, original).lines[2].amount_minor) == (0, 50)


def test_receipts_that_a_till_took_back_whole_in_the_old_form_are_returns_like_any_other(house) -> None:
    original = sold(house)
    lines = (line(1, units=-3, amount=-2700, regular=-3000), line(2, units=-1, amount=-1250))
    [old] = record(
        sale(
            f"reversal-{original.hex}", source="till", lines=lines, chain_id=house.chain_id, store_id=house.here.id,
            tenders=(Tender(type="card", amount_minor=-2000), Tender(type="cash", amount_minor=-1950)),
        )
    )  # fmt: skip
    migration = import_module("liushui.orders.migrations.0005_old_reversals")
    apps = MigrationLoader(connection).project_state([("orders", "0004_customer")]).apps
    migration.link_reversals(apps, connection.schema_editor())
    found = so_far(house, original)
    assert (found.version, found.tenders) == (1, {1: 2000, 2: 1950})
    assert {number: back.units for number, back in found.lines.items()} == {1: 3, 2: 1}
    assert {link.sale_id for link in facade.return_links(sale_id=original)} == {old.sale_id}
    [late] = record(back(house, original))
    assert isinstance(late, ReturnedMeanwhile)
    with pytest.raises(SaleHasReturns):
        facade.void_sale(sale_id=original, reason="mistake", principal=house.principal(), now=NOON)
    migration.link_reversals(apps, connection.schema_editor())  # again: nothing twice
    assert so_far(house, original).version == 1


def test_a_return_that_gave_value_back_is_not_voided(house) -> None:
    original = sold(house)
    command = back(house, original, store_id=house.here.id)
    [answer] = record(replace(command, tenders=(Tender(type="points", amount_minor=-900),)))
    with pytest.raises(ValueGivenBack):
        facade.void_sale(sale_id=answer.sale_id, reason="mistake", principal=house.principal(), now=NOON)
    assert so_far(house, original).lines[1].units == 1
