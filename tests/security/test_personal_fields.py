"""Personal data lives in privacy alone: a field of another module's table that sounds like a person's fails here.

Fields of staff are the employer's own record and named as such; whatever else sounds personal but is not stands below
with its reason.
"""

from __future__ import annotations

import re

from django.apps import apps
from django.db import models

from liushui.privacy import facade as privacy
from liushui.privacy.models import ValueRow

PERSONAL = re.compile(
    r"(^|_)(phone|mobile|msisdn|tel|telephone|email|e_mail|mail|birthday|birth_?date|date_of_birth|born|dob|plate|"
    r"licen[cs]e_plate|id_card|identity|passport|first_name|last_name|family_name|given_name|full_name|real_name|"
    r"person_?name|customer_name|member_name|shopper_name|recipient|receiver|contact|address|street|postcode|wechat|"
    r"openid|unionid|gender|sex|nickname)(_|$)"
)
# table.column → why it is not a shopper's personal data
ALLOWED: dict[str, str] = {
    "runtime_auditentry.address": "network address of who acted, for the audit log",
    "runtime_staffsession.address": "network address of a sign-in of staff",
    "runtime_tillenrolment.address": "network address of a till that asks to be taken in",
    "axes_accessattempt.ip_address": "network address of wrong sign-ins of staff, kept a while",
    "axes_accesslog.ip_address": "network address of sign-ins of staff; not written (settings)",
    "axes_accessfailurelog.ip_address": "network address of wrong sign-ins of staff; not written (settings)",
    "privacy_message.to_masked": "masked before it is written",
}


def sounding_personal() -> set[str]:
    """Columns of all tables but privacy's own values whose names sound like a person's."""
    return {
        f"{model._meta.db_table}.{column.column}"
        for model in apps.get_models(include_auto_created=True)
        for column in model._meta.concrete_fields
        if PERSONAL.search(str(column.name))
        and not isinstance(column, models.BooleanField)
        and not str(column.name).endswith(("_minor", "_count"))  # sums of a tender
    }


def test_no_other_table_has_a_personal_field() -> None:
    found = sounding_personal() - ALLOWED.keys()
    assert sorted(found) == [], (
        "personal data goes through liushui.privacy.facade (register_fields, create_subject); "
        "a column that is none is excused in ALLOWED with its reason"
    )


def test_no_excuse_outlives_its_column() -> None:
    known = {
        f"{model._meta.db_table}.{column.column}"
        for model in apps.get_models(include_auto_created=True)
        for column in model._meta.concrete_fields
    }
    assert sorted(ALLOWED.keys() - known) == []


def test_the_names_that_people_would_choose_are_recognised() -> None:
    for name in ("phone", "customer_phone", "email", "birthday", "birth_date", "contact_name", "recipient", "id_card"):
        assert PERSONAL.search(name), name
    for name in ("place", "format", "template", "member_id", "display_name", "item_name", "telling", "borne_by"):
        assert not PERSONAL.search(name), name


def test_what_privacy_stores_is_declared_with_purpose_and_retention() -> None:
    declared = privacy.registered_fields()
    assert {name for _table, name in declared} >= {"name", "phone", "email", "birthday", "plate"}
    for (table, name), field in declared.items():
        assert field.purpose in ("membership", "marketing", "profiling"), (table, name)
        assert field.retention_days is None or 1 <= field.retention_days <= 3650, (table, name)
        assert field.mask != "none", (table, name)
        assert field.title, (table, name)
    assert ValueRow._meta.get_field("sealed").get_internal_type() == "BinaryField"
