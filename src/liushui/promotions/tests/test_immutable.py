"""Published versions never change: neither by the models nor by plain SQL."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from liushui.promotions import facade
from liushui.promotions.errors import Immutable
from liushui.promotions.models import CancelledRulebookRow, RulebookRow
from liushui.promotions.tests.conftest import NOON, Office, ten_percent

CHANGES = (
    "UPDATE promotions_rulebook SET document = '{}'",
    "UPDATE promotions_rulebook SET starts_at = '2020-01-01 00:00:00+00:00'",
    "DELETE FROM promotions_rulebook",
    "UPDATE promotions_cancelled_rulebook SET reason = 'another'",
    "DELETE FROM promotions_cancelled_rulebook",
)


@pytest.mark.parametrize("statement", CHANGES)
def test_the_database_refuses_to_change_what_is_published(office: Office, statement: str) -> None:
    office.publish(ten_percent())
    later = office.publish(ten_percent("later"), starts_at=NOON + timedelta(days=1))
    facade.cancel_version(rulebook_id=later.id, reason="no", principal=office.fei, now=NOON)
    before = list(RulebookRow.objects.order_by("id").values()), list(CancelledRulebookRow.objects.values())
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert (list(RulebookRow.objects.order_by("id").values()), list(CancelledRulebookRow.objects.values())) == before


def test_the_model_says_so_before_the_database(office: Office) -> None:
    office.publish(ten_percent())
    row = RulebookRow.objects.get()
    row.document = "{}"
    for change in (row.save, row.delete):
        with pytest.raises(Immutable):
            change()


def test_the_version_in_force_costs_one_statement_a_second_and_none_between(
    office: Office, django_assert_num_queries
) -> None:
    office.publish(ten_percent())
    facade.forget()
    with django_assert_num_queries(1):
        facade.live_rulebook(chain_id=office.chain_id, at=NOON)
    with django_assert_num_queries(0):
        facade.live_rulebook(chain_id=office.chain_id, at=NOON + timedelta(seconds=1))
