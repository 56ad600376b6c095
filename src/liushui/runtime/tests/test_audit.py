"""The audit log: what it keeps, what it finds, and that nobody can rewrite it."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from liushui.kernel.errors import InvalidValue
from liushui.runtime import audit
from liushui.runtime.access import Principal
from liushui.runtime.models import AuditEntry

LI = Principal(subject="staff:12", name="李雷", grants=(), address="10.0.0.7")
TILL = Principal(subject="client:abc", name="till 3", grants=(), address="10.0.0.8")


@pytest.mark.django_db
def test_an_entry_says_who_did_what_to_which_thing_from_where():
    began = datetime.now(UTC)
    audit.record(
        principal=LI,
        action="price.change",
        target="item:S001",
        store_id=4,
        before={"amount_minor": 1250, "currency": "CNY", "ends_at": "2026-01-01"},
        after={"amount_minor": 990, "currency": "CNY", "starts_at": "2026-01-02"},
        reason="近效期",
    )
    (entry,) = audit.entries()
    assert (entry.subject, entry.subject_name, entry.address) == ("staff:12", "李雷", "10.0.0.7")
    assert (entry.action, entry.target, entry.store_id, entry.reason) == ("price.change", "item:S001", 4, "近效期")
    assert entry.before == {"amount_minor": 1250, "ends_at": "2026-01-01"}  # what stayed the same is left out
    assert entry.after == {"amount_minor": 990, "starts_at": "2026-01-02"}
    assert began <= entry.at <= datetime.now(UTC)


@pytest.mark.django_db
def test_a_new_thing_keeps_all_of_its_values_and_a_removed_one_too():
    audit.record(principal=LI, action="grant.give", target="staff:9", after={"role": "cashier"})
    audit.record(principal=LI, action="grant.take", target="staff:9", before={"role": "cashier"})
    took, gave = audit.entries()
    assert (gave.before, gave.after) == (None, {"role": "cashier"})
    assert (took.before, took.after) == ({"role": "cashier"}, None)


@pytest.mark.django_db
def test_entries_are_found_by_store_subject_action_target_and_time():
    audit.record(principal=LI, action="sale.void", target="sale:1", store_id=1)
    audit.record(principal=TILL, action="sale.read", target="sale:2", store_id=2)
    audit.record(principal=LI, action="sale_rule.change", target="rule:1")
    middle = audit.entries()[1].at

    def found(**filters):
        return [entry.target for entry in audit.entries(**filters)]

    assert found() == ["rule:1", "sale:2", "sale:1"]
    assert found(store_ids={1}) == ["sale:1"]
    assert found(store_ids=frozenset()) == []
    assert found(subject="staff:12") == ["rule:1", "sale:1"]
    assert found(action="sale") == ["sale:2", "sale:1"]
    assert found(action="sale.void") == ["sale:1"]
    assert found(target="sale:2") == ["sale:2"]
    assert found(since=middle) == ["rule:1", "sale:2"]
    assert found(until=middle) == ["sale:1"]
    assert found(since=middle + timedelta(days=1)) == []


@pytest.mark.django_db
def test_pages_follow_each_other_without_gap_or_repeat():
    for number in range(5):
        audit.record(principal=LI, action="sale.void", target=f"sale:{number}")
    first = audit.entries(limit=2)
    second = audit.entries(limit=2, before=first[-1].id)
    third = audit.entries(limit=2, before=second[-1].id)
    assert [entry.target for page in (first, second, third) for entry in page] == [
        "sale:4",
        "sale:3",
        "sale:2",
        "sale:1",
        "sale:0",
    ]


@pytest.mark.django_db
def test_a_reason_that_does_not_fit_is_refused():
    with pytest.raises(InvalidValue, match="longer than 400"):
        audit.record(principal=LI, action="sale.void", target="sale:1", reason="x" * 401)
    assert audit.entries() == ()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE runtime_auditentry SET reason = 'nothing happened'",
        "DELETE FROM runtime_auditentry",
        "DELETE FROM runtime_auditentry WHERE subject = 'staff:12'",
        pytest.param("TRUNCATE runtime_auditentry", marks=pytest.mark.services),
    ],
)
def test_the_database_refuses_to_change_or_remove_an_entry(statement):
    audit.record(principal=LI, action="sale.void", target="sale:1", reason="typed twice")
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert list(AuditEntry.objects.values_list("reason", flat=True)) == ["typed twice"]


@pytest.mark.django_db
def test_an_upsert_does_not_get_around_it():
    audit.record(principal=LI, action="sale.void", target="sale:1", reason="first")
    (entry,) = AuditEntry.objects.all()
    entry.reason = "second"
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        AuditEntry.objects.bulk_create([entry], update_conflicts=True, unique_fields=["id"], update_fields=["reason"])
    assert AuditEntry.objects.get().reason == "first"


@pytest.mark.django_db(transaction=True)
def test_an_entry_is_not_kept_when_the_change_it_tells_is_undone():
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        audit.record(principal=LI, action="sale.void", target="sale:1")
        raise ZeroDivisionError
    assert audit.entries() == ()
    audit.record(principal=LI, action="sale.void", target="sale:2")  # emptied by the test's end, triggers and all


@pytest.mark.django_db(transaction=True)
def test_the_refusal_is_back_after_a_test_that_emptied_the_database():
    audit.record(principal=LI, action="sale.void", target="sale:3")
    with pytest.raises(DatabaseError, match="append-only"):
        AuditEntry.objects.all().update(reason="x")
    assert [entry.target for entry in audit.entries()] == ["sale:3"]


@pytest.mark.django_db
def test_a_reason_names_nobody_though_somebody_typed_a_number_into_it():
    audit.record(
        principal=LI, action="sale.void", target="sale:1", reason="王先生 138 0013 8000 来电, wang@mail.example"
    )
    audit.record(principal=LI, action="sale.void", target="sale:2", reason="x" * 393 + " a@b.cn")
    first, second = sorted(audit.entries(), key=lambda entry: entry.target)
    assert first.reason == "王先生 [hidden] 来电, [hidden]"
    assert len(second.reason) == 400
