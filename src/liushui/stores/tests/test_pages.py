"""Store pages: who sees what, and what a change leaves behind."""

from __future__ import annotations

from liushui.runtime import audit
from liushui.stores import facade

FORM = {
    "do": "store",
    "name_zh": "一店",
    "name_en": "One",
    "time_zone": "Asia/Shanghai",
    "currency": "CNY",
    "day_starts_at": "04:00",
    "gln": "",
    "uscc": "",
    "is_open": "on",
}


def test_the_list_shows_stores_by_region(chain, sign_in) -> None:
    body = sign_in("it_admin").get("/stores/").content.decode()
    assert [name for name in ("East", "One", "Two", "West", "Three") if name in body] == [
        "East", "One", "Two", "West", "Three",
    ]  # fmt: skip


def test_a_manager_of_one_store_sees_no_other(chain, sign_in) -> None:
    client = sign_in("store_manager", store_id=chain.third.id)
    body = client.get("/stores/").content.decode()
    assert "Three" in body
    assert ">One<" not in body
    assert client.get(f"/stores/{chain.first.id}/").status_code == 404
    assert client.get(f"/stores/{chain.third.id}/").status_code == 200


def test_the_list_narrows_by_the_place_of_the_address(chain, sign_in) -> None:
    client = sign_in("it_admin")
    body = client.get("/stores/?region=west").content.decode()
    assert "Three" in body and ">Two<" not in body
    assert client.get("/stores/?region=nowhere").status_code == 404


def test_the_export_has_a_bom_and_one_row_a_store(chain, sign_in) -> None:
    response = sign_in("it_admin").get("/stores/export/?format=csv")
    lines = b"".join(response.streaming_content).decode("utf-8").splitlines()
    assert lines[0].startswith("\ufeffChain,Region,Store code")
    assert [line.split(",")[2] for line in lines[1:]] == ["S1", "S2", "S3"]


def test_a_change_is_saved_and_audited_with_before_and_after(chain, sign_in) -> None:
    client = sign_in("it_admin")
    response = client.post(f"/stores/{chain.first.id}/", {**FORM, "region": chain.east.id, "gln": "4006381333931"})
    assert response.status_code == 302
    store = facade.store(store_id=chain.first.id)
    assert (store.day_starts_at.hour, store.gln, store.code) == (4, "4006381333931", "S1")
    entry = audit.entries(target=f"store:{chain.first.id}")[0]
    assert (entry.action, entry.before, entry.after) == (
        "store.change",
        {"day_starts_at": "00:00", "gln": ""},
        {"day_starts_at": "04:00", "gln": "4006381333931"},
    )


def test_saving_without_a_change_leaves_no_line_in_the_audit_log(chain, sign_in) -> None:
    client = sign_in("it_admin")
    client.post(f"/stores/{chain.second.id}/", {**FORM, "name_zh": "二店", "name_en": "Two", "region": chain.east.id})
    assert audit.entries(target=f"store:{chain.second.id}") == ()


def test_a_wrong_gln_is_said_beside_its_field_and_nothing_is_saved(chain, sign_in) -> None:
    response = sign_in("it_admin").post(
        f"/stores/{chain.first.id}/", {**FORM, "region": chain.east.id, "gln": "4006381333932"}
    )
    assert response.status_code == 422
    assert "The check digit of GLN 4006381333932 is 2, it should be 1" in response.content.decode()
    assert facade.store(store_id=chain.first.id).gln == ""


def test_a_store_can_be_closed(chain, sign_in) -> None:
    form = {name: value for name, value in FORM.items() if name != "is_open"}
    sign_in("it_admin").post(f"/stores/{chain.first.id}/", {**form, "region": chain.east.id})
    assert facade.store(store_id=chain.first.id).is_open is False


def test_who_may_only_read_cannot_change(chain, sign_in) -> None:
    client = sign_in("finance")
    response = client.post(f"/stores/{chain.first.id}/", {**FORM, "region": chain.east.id})
    assert response.status_code == 403
    assert facade.store(store_id=chain.first.id).day_starts_at.hour == 0
    assert client.get("/stores/new/").status_code == 403


def test_a_new_store_is_opened_and_audited(chain, sign_in) -> None:
    response = sign_in("it_admin").post(
        "/stores/new/", {**FORM, "code": "S9", "name_zh": "九店", "name_en": "Nine", "region": chain.west.id}
    )
    assert response.status_code == 302
    store = facade.stores_by_code()["lk", "S9"]
    assert (store.region_id, store.is_open) == (chain.west.id, True)
    assert audit.entries(target=f"store:{store.id}")[0].action == "store.open"


def test_a_code_that_is_taken_is_refused(chain, sign_in) -> None:
    response = sign_in("it_admin").post("/stores/new/", {**FORM, "code": "S1", "region": chain.west.id})
    assert response.status_code == 422
    assert "already" in response.content.decode()
    assert len(facade.stores()) == 3


def test_a_workstation_is_added_on_the_page_of_its_store(chain, sign_in) -> None:
    values = {"do": "workstation", "workstation-code": "P1", "workstation-name": "Till 1", "workstation-kind": "till"}
    response = sign_in("it_admin").post(f"/stores/{chain.first.id}/", values)
    assert response.status_code == 302
    stations = facade.workstations(store_id=chain.first.id)
    assert [(station.code, station.name, station.kind) for station in stations] == [("P1", "Till 1", "till")]
    assert audit.entries(target=f"store:{chain.first.id}")[0].after == {"workstation P1": "Till 1 (till)"}
