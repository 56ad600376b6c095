"""The secret of blind indexes is changed while people are found, join, correct and go; then the old one is gone."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from pydantic import SecretStr

from liushui.privacy import facade, keys
from liushui.privacy.actions import rotate_index
from liushui.privacy.errors import IndexChanging, KeyMissing
from liushui.privacy.models import BlindIndexRow
from liushui.privacy.tests.conftest import NOW, PERSON, PHONE

pytestmark = pytest.mark.django_db
AN_HOUR_LATER = NOW + timedelta(hours=1)


def join(number: int) -> UUID:
    return facade.create_subject(
        chain_id=1, fields={"phone": f"1381234{number:04}", "plate": "沪BD09321"}, unique=("phone",), now=NOW
    )


def found(number: int) -> tuple[UUID, ...]:
    return facade.find_subjects(chain_id=1, field="phone", value=f"1381234{number:04}")


def by_secret() -> Counter[str]:
    return Counter(BlindIndexRow.objects.values_list("secret_id", flat=True))


def test_everybody_is_found_from_the_beginning_to_the_end(own_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rotate_index, "_PEOPLE_AT_ONCE", 3)
    people = [join(n) for n in range(7)]
    [old] = by_secret()
    new = facade.change_index_secret(now=NOW)
    assert [found(n) for n in range(7)] == [(who,) for who in people]
    assert facade.unindexed() == 14
    told: list[tuple[int, int]] = []
    assert facade.reindex(on_progress=lambda done, total: told.append((done, total))) == 14
    assert told == [(6, 14), (12, 14), (14, 14)]
    assert facade.reindex() == facade.unindexed() == 0
    assert by_secret() == {old: 14, new: 14}
    assert [found(n) for n in range(7)] == [(who,) for who in people]

    assert facade.drop_old_index(now=AN_HOUR_LATER - timedelta(seconds=1)) is False
    assert by_secret() == {old: 14, new: 14}
    assert facade.drop_old_index(now=AN_HOUR_LATER) is True
    assert by_secret() == {new: 14}
    assert [found(n) for n in range(7)] == [(who,) for who in people]
    assert set(facade.find_subjects(chain_id=1, field="plate", value="沪BD09321")) == set(people)
    assert "index_secret_old" not in json.loads((own_folder / "privacy_keys.json").read_text())
    assert facade.drop_old_index(now=AN_HOUR_LATER) is True  # again is nothing


def test_nobody_is_taken_in_twice_at_any_moment(own_folder: Path) -> None:
    early = join(1)
    facade.change_index_secret(now=NOW)
    assert join(1) == early  # not indexed anew yet
    late = join(2)
    assert join(2) == late
    facade.reindex()
    assert (join(1), join(2)) == (early, late)
    assert facade.drop_old_index(now=AN_HOUR_LATER)
    assert (join(1), join(2)) == (early, late)
    assert BlindIndexRow.objects.filter(is_claimed=True).count() == 2


def test_corrections_and_erasures_meanwhile_leave_no_row_behind(own_folder: Path) -> None:
    moved, erased, stays = join(1), join(2), join(3)
    facade.change_index_secret(now=NOW)
    facade.update_subject(
        subject_id=moved, fields={"phone": "13812340009", "plate": ""}, principal=None, reason="own", now=NOW
    )
    facade.erase_subject(subject_id=erased, reason="own request", principal=None, now=NOW)
    assert facade.reindex() == 2  # phone and plate of the one who stays
    assert facade.drop_old_index(now=AN_HOUR_LATER)
    assert (found(1), found(9), found(2), found(3)) == ((), (moved,), (), (stays,))
    assert BlindIndexRow.objects.count() == 3
    again = facade.create_subject(chain_id=1, fields={"phone": "13812340009"}, unique=("phone",), now=NOW)
    assert again == moved  # a corrected number is nobody else's either


@pytest.mark.parametrize("change", ["correct", "erase"])
def test_what_changes_between_reading_and_writing_is_not_indexed_as_it_was(
    own_folder: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    who, read = join(1), rotate_index._read
    facade.change_index_secret(now=NOW)

    def overtaken(people: list[UUID], secret_id: str) -> list[object]:
        values = read(people, secret_id)
        if change == "correct":
            facade.update_subject(
                subject_id=who, fields={"phone": "13812340009"}, principal=None, reason="own", now=NOW
            )
        else:
            facade.erase_subject(subject_id=who, reason="own request", principal=None, now=NOW)
        return values

    monkeypatch.setattr(rotate_index, "_read", overtaken)
    facade.reindex()
    monkeypatch.setattr(rotate_index, "_read", read)
    assert facade.drop_old_index(now=AN_HOUR_LATER)
    assert found(1) == ()
    assert found(9) == ((who,) if change == "correct" else ())
    assert BlindIndexRow.objects.count() == (2 if change == "correct" else 0)


def test_a_second_change_waits_for_the_end_of_the_first(own_folder: Path) -> None:
    facade.change_index_secret(now=NOW)
    with pytest.raises(IndexChanging):
        facade.change_index_secret(now=AN_HOUR_LATER)
    assert facade.drop_old_index(now=AN_HOUR_LATER)
    assert facade.change_index_secret(now=AN_HOUR_LATER)


def test_a_code_on_its_way_stays_good(own_folder: Path) -> None:
    def last_code() -> str:
        text = json.loads((own_folder / "outbox" / "messages.jsonl").read_text().splitlines()[-1])["text"]
        return next(word for word in text.split() if word.isdigit() and len(word) == 6)

    given = {"chain_id": 1, "to": PHONE, "channel": "sms", "purpose": "sign-in", "address": "10.0.0.1"}
    facade.request_code(now=NOW, **given)
    facade.change_index_secret(now=NOW)
    assert facade.check_code(code=last_code(), now=NOW, **given) == f"+86{PHONE}"
    facade.request_code(now=AN_HOUR_LATER, **given)
    assert facade.drop_old_index(now=AN_HOUR_LATER)
    assert facade.check_code(code=last_code(), now=AN_HOUR_LATER, **given) == f"+86{PHONE}"


def test_secrets_of_the_environment_are_changed_there(own_folder: Path, setting: Callable[..., None]) -> None:
    first = json.loads(facade.generated())
    setting(data_dir=own_folder, privacy_keys=SecretStr(json.dumps(first)))
    who = join(1)
    with pytest.raises(KeyMissing):
        facade.change_index_secret(now=NOW)
    both = first | {
        "index_secret": json.loads(facade.generated())["index_secret"], "index_secret_old": first["index_secret"],
    }  # fmt: skip
    setting(data_dir=own_folder, privacy_keys=SecretStr(json.dumps(both)))
    assert found(1) == (who,)
    assert (facade.reindex(), facade.forget_old_rows()) == (2, 0)
    with pytest.raises(KeyMissing):
        facade.drop_old_index(now=AN_HOUR_LATER)
    del both["index_secret_old"]
    setting(data_dir=own_folder, privacy_keys=SecretStr(json.dumps(both)))
    assert (facade.reindex(), facade.forget_old_rows()) == (0, 2)
    assert (found(1), BlindIndexRow.objects.count()) == ((who,), 2)
    assert list(own_folder.iterdir()) == []


def test_people_of_an_older_backup_are_found_again(own_folder: Path) -> None:
    """The rows are of a secret that is gone, and somebody joined a second time before anybody noticed."""
    who, other = join(1), join(2)
    path = own_folder / "privacy_keys.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {
        "index_secret": json.loads(facade.generated())["index_secret"]
    }))  # fmt: skip
    keys._read.cache_clear()
    assert found(1) == ()
    twin = join(1)
    assert twin != who
    assert facade.unindexed() == 4
    assert (facade.reindex(), facade.forget_old_rows()) == (4, 4)
    assert found(1) == tuple(sorted((who, twin)))
    assert found(2) == (other,)
    claims = set(BlindIndexRow.objects.filter(is_claimed=True).values_list("subject_id", flat=True))
    assert claims == {twin, other}


def test_the_secret_is_no_part_of_any_row(own_folder: Path) -> None:
    facade.create_subject(chain_id=1, fields=PERSON, now=NOW)
    secret = keys.ring().index_secret
    [secret_id] = by_secret()
    assert (len(secret_id), secret_id in secret.hex()) == (12, False)
