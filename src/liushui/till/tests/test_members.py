"""Members at the till: found, joined, priced for, taken off; nothing personal is kept by the till."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests.support.rulebooks import publish

from liushui.loyalty import facade as loyalty
from liushui.orders import facade as orders
from liushui.orders.contracts import SALE_COMPLETED, SALE_VOIDED
from liushui.privacy import facade as privacy
from liushui.promotions import facade as promotions
from liushui.runtime import relay
from liushui.runtime.grants import system_principal
from liushui.runtime.models import AuditEntry, OutboxEvent
from liushui.till import facade
from liushui.till.errors import MemberRefused, MemberUnknown, NotAtTraining, WrongState
from liushui.till.models import TicketRow
from liushui.till.tests.conftest import NOON
from liushui.till.tests.membership import (
    NOTICES,
    OTHER_PHONE,
    PHONE,
    cash,
    free,
    held,
    id_of,
    member_of,
    pay,
    publish_programme,
    scanned,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("nothing_is_read_again")]
GOLD = {
    "id": "gold-10", "name": {"zh": "金卡九折", "en": "Gold 10 %"}, "stage": "order",
    "when": [{"type": "tier_in", "tiers": ["gold"]}],
    "effects": [{"type": "percent_off", "percent": 10, "level": "order"}],
}  # fmt: skip
WELCOME = {
    "id": "welcome", "when": [{"type": "first_order"}],
    "effects": [{"type": "percent_off", "percent": 50, "level": "order"}],
}  # fmt: skip
SECOND = {
    "id": "second", "when": [{"type": "nth_order", "n": 2}],
    "effects": [{"type": "amount_off", "amount": 100, "level": "order"}],
}  # fmt: skip


@pytest.fixture
def open_to_members(selling):
    promotions.forget()
    publish_programme(chain_id=selling.till.chain_id)
    yield selling
    promotions.forget()


def test_a_member_is_found_by_phone_and_priced_for_at_once(open_to_members):
    shop, found = open_to_members, None
    publish(chain_id=shop.till.chain_id, rules=[GOLD], now=NOON)
    found = member_of(shop, tier="gold", points=1_200, stored=10_000)
    scanned(shop, "TEA")
    ticket = facade.find_member(till=shop.till, text=" 138 0013 8000 ", now=NOON)
    assert (ticket.total_minor, ticket.discount_minor) == (900, 100)
    assert (ticket.member.id, ticket.member.tier_en, ticket.member.points, ticket.member.stored_minor) == (
        found.number, "Gold", 1_200, 11_000,
    )  # fmt: skip
    ticket = facade.remove_member(till=shop.till, ticket_id=ticket.id, version=ticket.version, now=NOON)
    assert (ticket.member, ticket.total_minor) == (None, 1_000)
    told = AuditEntry.objects.filter(action="till.member").order_by("id")
    assert [(each.before, each.after) for each in told] == [
        ({}, {"member": found.number, "tier": "gold"}), ({"member": found.number, "tier": "gold"}, {}),
    ]  # fmt: skip


@pytest.mark.parametrize("way", ["number", "card"])
def test_a_number_and_the_code_on_the_phone_lead_to_the_member_too(open_to_members, way):
    found = member_of(open_to_members)
    text = found.number if way == "number" else loyalty.member_token(member_id=found.id, now=NOON)
    assert facade.find_member(till=open_to_members.till, text=text, now=NOON).member.id == found.number


@pytest.mark.parametrize("text", [OTHER_PHONE, "M0000000000", "no such card"])
def test_nobody_is_nobody(open_to_members, text):
    member_of(open_to_members)
    with pytest.raises(MemberUnknown) as refused:
        facade.find_member(till=open_to_members.till, text=text, now=NOON)
    assert text not in refused.value.detail


@pytest.mark.parametrize("text", ["", "  ", "a\0b", "9" * 600])
def test_what_cannot_be_a_member_is_refused(open_to_members, text):
    with pytest.raises(MemberRefused):
        facade.find_member(till=open_to_members.till, text=text, now=NOON)


def test_joining_by_phone_is_once_and_needs_the_consent_to_membership(open_to_members):
    shop = open_to_members
    with pytest.raises(MemberRefused):
        facade.join_member(till=shop.till, member_id=id_of(7), phone=PHONE, notices={"marketing": "1"}, now=NOON)
    tickets = [
        facade.join_member(
            till=shop.till, member_id=id_of(7), phone=PHONE, name="李雷", notices={"membership": "1"}, now=NOON
        )
        for _ in range(2)
    ]
    assert [ticket.member.member_id for ticket in tickets] == [id_of(7), id_of(7)]
    subject = tickets[0].member.subject_id
    assert privacy.masked(subject_ids=[subject])[subject] == {"name": "李**", "phone": "138****8000"}
    assert privacy.has_consent(subject_id=subject, purpose="membership")
    assert not privacy.has_consent(subject_id=subject, purpose="marketing")
    told = AuditEntry.objects.filter(action="till.join").order_by("id")
    assert [each.after["is_new"] for each in told] == [True, False]


def test_the_till_keeps_no_name_and_no_phone(open_to_members):
    shop = open_to_members
    facade.join_member(till=shop.till, member_id=id_of(7), phone=PHONE, name="司马相如", notices=NOTICES, now=NOON)
    sold = cash(shop, scanned(shop, "TEA"))
    row = TicketRow.objects.filter(id=sold.id).values().get()
    kept = str(row) + str(list(AuditEntry.objects.values()))
    assert PHONE not in kept
    assert "司马相如" not in kept
    assert row["member"]["asked"] is None


def test_a_ticket_that_is_over_leads_to_the_person_by_the_membership_alone(open_to_members):
    shop = open_to_members
    joined = facade.join_member(till=shop.till, member_id=id_of(7), phone=PHONE, name="李雷", notices=NOTICES, now=NOON)
    subject = joined.member.subject_id
    sold = cash(shop, scanned(shop, "TEA"))
    assert str(subject) not in str(TicketRow.objects.filter(id=sold.id).values().get())
    ticket = facade.ticket(ticket_id=sold.id, store_ids={shop.till.store_id})
    assert facade.masked_member(ticket=ticket) == {"name": "李**", "phone": "138****8000"}
    privacy.erase_subject(subject_id=subject, reason="own request", principal=None, now=NOON)
    assert facade.masked_member(ticket=ticket) == {}


def test_the_sale_names_the_member_by_number(open_to_members):
    found = member_of(open_to_members)
    sold = cash(open_to_members, scanned(open_to_members, "TEA", member=PHONE))
    sale = orders.sale(sale_id=sold.sale_id, store_ids={open_to_members.store.id})
    assert sale.summary.customer == found.number


def test_a_first_purchase_is_known(open_to_members):
    publish(chain_id=open_to_members.till.chain_id, rules=[WELCOME], now=NOON)
    member_of(open_to_members)
    assert scanned(open_to_members, "TEA", member=PHONE).total_minor == 500


def counted(shop) -> None:
    """What the worker does: the events of sales are published, and loyalty counts purchases."""
    while relay.publish_pending(limit=500):
        pass
    told = OutboxEvent.objects.filter(type__in=(SALE_COMPLETED, SALE_VOIDED)).order_by("seq")
    loyalty.earn_sales(
        sales=[(orders.decode_fact(bytes(event.data)), event.type == SALE_VOIDED) for event in told], now=NOON
    )


def test_a_first_purchase_is_the_first_until_it_is_voided(open_to_members):
    shop = open_to_members
    publish(chain_id=shop.till.chain_id, rules=[WELCOME, SECOND], now=NOON)
    member_of(shop)
    first = cash(shop, scanned(shop, "TEA", member=PHONE))
    counted(shop)
    second = scanned(shop, "TEA", member=PHONE)
    assert (first.total_minor, second.total_minor) == (500, 900)  # half off the first, 1.00 off the second
    facade.cancel_ticket(
        till=shop.till, ticket_id=second.id, version=second.version, reason="wrong",
        approval_id=shop.approval("till.cancel", f"ticket:{second.id}"), now=NOON,
    )  # fmt: skip
    facade.void_sale(
        till=shop.till, ticket_id=first.id, reason="wrong",
        approval_id=shop.approval("till.void_sale", f"sale:{first.sale_id}"), now=NOON,
    )  # fmt: skip
    counted(shop)
    assert scanned(shop, "TEA", member=PHONE).total_minor == 500


def test_goods_that_come_back_leave_the_purchase_counted(open_to_members):
    shop = open_to_members
    publish(chain_id=shop.till.chain_id, rules=[WELCOME, SECOND], now=NOON)
    member_of(shop)
    first = cash(shop, scanned(shop, "TEA", member=PHONE))
    back = facade.return_everything(till=shop.till, sale_id=first.sale_id, now=NOON)
    facade.give_back(till=shop.till, ticket_id=back.id, version=back.version, now=NOON)
    counted(shop)
    assert scanned(shop, "TEA", member=PHONE).total_minor == 900  # the return is no purchase, the first still is one


def test_a_parked_ticket_is_taken_up_for_the_member_as_he_is_by_then(open_to_members):
    shop = open_to_members
    publish(chain_id=shop.till.chain_id, rules=[WELCOME], now=NOON)
    found = member_of(shop)
    facade.open_shift(till=shop.other_till, float_minor=0, now=NOON)
    ticket = scanned(shop, "TEA", member=PHONE)
    parked = facade.park(till=shop.till, ticket_id=ticket.id, version=ticket.version, label="", now=NOON)
    assert parked.total_minor == 500
    facade.find_member(till=shop.other_till, text=PHONE, now=NOON)
    elsewhere = facade.scan(till=shop.other_till, code="TEA", now=NOON)
    facade.pay_cash(till=shop.other_till, ticket_id=elsewhere.id, version=elsewhere.version, given_minor=500, now=NOON)
    counted(shop)
    ticket = facade.resume(till=shop.till, ticket_id=parked.id, now=NOON)
    assert (ticket.total_minor, ticket.member.id) == (1_000, found.number)
    parked = facade.park(till=shop.till, ticket_id=ticket.id, version=ticket.version, label="", now=NOON)
    privacy.erase_subject(
        subject_id=found.subject_id, reason="asked", principal=system_principal(name="test"), now=NOON
    )
    assert facade.resume(till=shop.till, ticket_id=parked.id, now=NOON).member is None


def test_nobody_joins_in_training_and_no_balance_is_touched(shop):
    publish_programme(chain_id=shop.till.chain_id)
    found = member_of(shop, points=1_000, stored=5_000)
    facade.open_shift(till=shop.till, float_minor=0, is_training=True, now=NOON)
    with pytest.raises(NotAtTraining):
        facade.join_member(till=shop.till, member_id=id_of(7), phone=OTHER_PHONE, notices={"membership": "1"}, now=NOON)
    ticket = pay(shop, scanned(shop, "TEA", member=PHONE), "points", 300)
    sold = pay(shop, ticket, "stored_value")
    assert (sold.state, sold.sale_id) == ("settled", None)
    assert (free(found), held(found)) == ((1_000, 5_000), (0, 0))


def test_the_member_box_says_what_a_cashier_may_say(open_to_members):
    shop = open_to_members
    found = member_of(shop, points=1_200, stored=10_000)
    ticket = scanned(shop, "TEA", member=PHONE)
    box = facade.member_box(till=shop.till, ticket=ticket, now=NOON)
    assert (box.name, box.phone, box.number) == ("张**", "138****8000", "••••" + found.number[-4:])
    assert (box.balances.points_free, box.points_worth_minor, box.points_usable_minor) == (1_200, 1_200, 500)
    assert (box.balances.stored_free_minor, box.balances.gift_minor) == (11_000, 1_000)
    assert (box.next_tier.name_en, box.next_tier.need_minor) == ("Silver", 10_000)
    assert box.wants_marketing


def test_the_member_is_not_changed_while_money_is_taken(open_to_members):
    shop = open_to_members
    member_of(shop, points=1_000)
    ticket = pay(shop, scanned(shop, "TEA", member=PHONE), "points", 100)
    with pytest.raises(WrongState):
        facade.find_member(till=shop.till, text=PHONE, now=NOON)
    with pytest.raises(WrongState):
        facade.remove_member(till=shop.till, ticket_id=ticket.id, version=ticket.version, now=NOON)


def test_a_scan_for_a_member_costs_no_statement_more(open_to_members):
    shop = open_to_members
    member_of(shop)
    counts = []
    for member in ("", PHONE):
        ticket = scanned(shop, "TEA", member=member)
        with CaptureQueriesContext(connection) as captured:
            facade.scan(till=shop.till, code="MILK", now=NOON)
        counts.append(len(captured))
        ticket = facade.current_ticket(till=shop.till)
        cash(shop, ticket)
    assert counts == [counts[0], counts[0]]
