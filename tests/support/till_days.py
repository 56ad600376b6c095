"""Tills and days of the tests' chain that are nobody else's: a closed day of yesterday, a till in another store."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from liushui.kernel.ids import new_id
from liushui.runtime import approvals, tills
from liushui.runtime.grants import system_principal
from liushui.runtime.models import StaffUser
from liushui.stores import facade as stores
from liushui.stores.contracts import NewWorkstation, Store, Workstation
from liushui.till import facade
from liushui.till.contracts import Till


def closed_yesterday(*, store: Store, workstation: str) -> dict[str, Any]:
    """A shift of the cashier that was counted a yuan short yesterday, approved by the manager, and the closed day."""
    at = datetime.now(UTC) - timedelta(days=1)
    [place] = [each for each in stores.workstations(store_id=store.id) if each.code == workstation]
    cashier, manager = (StaffUser.objects.get(username=name) for name in ("cashier", "manager"))
    here = Till(
        device_id=new_id(),
        workstation_id=place.id,
        workstation_code=place.code,
        store_id=store.id,
        chain_id=store.chain_id,
        principal=tills.at_store(cashier, store_id=store.id, chain_id=store.chain_id),
        operator=cashier.username,
        operator_name=cashier.display_name,
    )
    shift = facade.open_shift(till=here, float_minor=50_000, now=at)
    facade.paid_out(till=here, amount_minor=10_000, reason="缴存保险柜 To the safe", now=at)
    facade.no_sale(till=here, reason="整理硬币 Coins rolled", now=at)
    facade.count_shift(till=here, count={10_000: 3, 5_000: 1, 2_000: 2, 500: 1, 100: 4}, now=at)
    counted = facade.explain_difference(till=here, shift_id=shift.id, reason="找零找错 Wrong change given", now=at)
    assert counted.approval_id is not None
    by = tills.at_store(manager, store_id=store.id, chain_id=store.chain_id)
    approvals.decide(approval_id=counted.approval_id, approve=True, principal=by, now=at)
    facade.finish_count(till=here, shift_id=shift.id, approval_id=counted.approval_id, now=at)
    facade.close_day(store_id=store.id, business_date=shift.business_date, principal=by, now=at)
    return {"shift_id": str(shift.id), "day": shift.business_date.isoformat()}


def till_in(*, store_code: str, username: str) -> dict[str, str]:
    """Enrol a till K1 in a store of GREEN and sign somebody in at it: the cookies of its browser."""
    [store] = [each for each in stores.stores() if each.code == store_code]
    new = NewWorkstation(chain_code="GREEN", store_code=store_code, code="K1", name="K1")
    [workstation] = stores.save_workstations(workstations=[new])
    device, secret = _enrol(store, workstation)
    user = StaffUser.objects.get(username=username)
    token = tills.sign_in(device=device, user=user, now=datetime.now(UTC))
    return {"liushui_till": secret, "liushui_operator": token}


def _enrol(store: Store, workstation: Workstation) -> tuple[tills.Device, str]:
    return tills.enrol(
        workstation_id=workstation.id,
        workstation_code=workstation.code,
        store_id=store.id,
        chain_id=store.chain_id,
        name=workstation.name,
        principal=system_principal(name="tests"),
        now=datetime.now(UTC),
    )
