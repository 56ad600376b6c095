"""Consents are given and taken back by purpose and notice version, and hold at the moment of use."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from liushui.kernel.errors import Conflict, InvalidValue, NotAllowed
from liushui.privacy import facade
from liushui.privacy.errors import ConsentMissing, UnknownNotice, UnknownSubject
from liushui.privacy.models import ConsentRow, MessageRow
from liushui.privacy.tests.conftest import NOW, staff

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(hours=1)


def test_what_nobody_agreed_to_is_not_agreed_to(person: UUID) -> None:
    assert not facade.has_consent(subject_id=person, purpose="marketing")
    assert facade.consents(subject_id=person) == {}


def test_agreeing_and_taking_it_back_are_one_call_each_and_all_is_kept(person: UUID) -> None:
    facade.give_consent(subject_id=person, purpose="marketing", notice_version="1", channel="till", now=NOW)
    facade.give_consent(subject_id=person, purpose="marketing", notice_version="1", channel="till", now=LATER)
    assert facade.has_consent(subject_id=person, purpose="marketing")
    assert not facade.has_consent(subject_id=person, purpose="profiling")
    facade.withdraw_consent(subject_id=person, purpose="marketing", channel="portal", now=LATER)
    assert not facade.has_consent(subject_id=person, purpose="marketing")
    history = [(each.is_given, each.notice_version, each.channel, each.at) for each in
               facade.consent_history(subject_id=person)]  # fmt: skip
    assert history == [(True, "1", "till", NOW), (False, "", "portal", LATER)]


def test_of_many_people_those_who_agree_are_found_in_one_statement() -> None:
    people = [facade.create_subject(chain_id=1, fields={}, now=NOW) for _ in range(20)]
    for who in people[:5]:
        facade.give_consent(subject_id=who, purpose="profiling", notice_version="1", channel="portal", now=NOW)
    facade.withdraw_consent(subject_id=people[0], purpose="profiling", channel="portal", now=LATER)
    with CaptureQueriesContext(connection) as asked:
        found = facade.with_consent(subject_ids=people, purpose="profiling")
    assert (found, len(asked)) == (frozenset(people[1:5]), 1)


def test_a_chains_own_notice_takes_the_place_of_the_programs(person: UUID) -> None:
    assert facade.current_notice(chain_id=1, purpose="marketing").version == "1"
    words = {"chain_id": 1, "purpose": "marketing", "version": "2026-03", "principal": staff("it_admin"), "now": NOW}
    facade.publish_notice(**words, text_zh="我们会发短信。", text_en="We send texts.")
    facade.publish_notice(**words, text_zh="我们会发短信。", text_en="We send texts.")  # again is nothing
    with pytest.raises(Conflict):
        facade.publish_notice(**words, text_zh="别的", text_en="Another")
    assert facade.current_notice(chain_id=1, purpose="marketing").text_en == "We send texts."
    assert facade.current_notice(chain_id=2, purpose="marketing").version == "1"
    facade.give_consent(subject_id=person, purpose="marketing", notice_version="2026-03", channel="portal", now=NOW)
    assert facade.consents(subject_id=person)["marketing"].notice_version == "2026-03"
    with pytest.raises(NotAllowed):
        facade.publish_notice(**{**words, "principal": staff("marketer")}, text_zh="x", text_en="x")


def test_nobody_agrees_to_a_notice_that_is_not_there(person: UUID) -> None:
    give = {"subject_id": person, "purpose": "marketing", "notice_version": "1", "channel": "till", "now": NOW}
    for wrong, error in (
        ({"notice_version": "9"}, UnknownNotice),
        ({"purpose": "selling"}, UnknownNotice),
        ({"channel": "fax"}, InvalidValue),
        ({"subject_id": uuid4()}, UnknownSubject),
    ):
        with pytest.raises(error):
            facade.give_consent(**{**give, **wrong})
    assert ConsentRow.objects.count() == 0


def test_the_history_is_never_rewritten(person: UUID) -> None:
    facade.give_consent(subject_id=person, purpose="marketing", notice_version="1", channel="till", now=NOW)
    with pytest.raises(DatabaseError), transaction.atomic():
        ConsentRow.objects.update(is_given=False)
    with pytest.raises(DatabaseError), transaction.atomic():
        ConsentRow.objects.all().delete()


def test_offers_are_sent_to_those_only_who_agree_at_that_moment(person: UUID) -> None:
    offer = {"chain_id": 1, "subject_id": person, "channel": "sms", "text": "8折", "purpose": "marketing", "now": NOW}
    with pytest.raises(ConsentMissing):
        facade.send_message(**offer)
    with pytest.raises(ConsentMissing):
        facade.send_message(**{**offer, "subject_id": None, "to": "13812345678"})
    facade.give_consent(subject_id=person, purpose="marketing", notice_version="1", channel="till", now=NOW)
    facade.send_message(**offer)
    facade.withdraw_consent(subject_id=person, purpose="marketing", channel="till", now=NOW)
    with pytest.raises(ConsentMissing):
        facade.send_message(**offer)
    [kept] = MessageRow.objects.all()
    assert (kept.to_masked, kept.purpose, kept.sender) == ("138****5678", "marketing", "ConsoleSender")


def test_no_birthday_benefit_for_who_took_membership_back(person: UUID) -> None:
    assert facade.birthday_of(subject_ids=[person]) == {person: (11, 23)}
    facade.withdraw_consent(subject_id=person, purpose="membership", channel="portal", now=NOW)
    assert facade.birthday_of(subject_ids=[person]) == {}
