"""A backtest of 50 promotions over the receipts of The Complete Journey, in processes beside one another.

    uv sync --group bench
    python -m bench.backtest                    all 155,848 receipts, one process a core
    python -m bench.backtest --baskets 20000    some of them; --alone runs them in one process too, and compares

The receipts are imported first, which is not counted. Counted is all that a backtest does: reading the receipts from
the database in the order of time, making baskets of them, pricing each under both rulebooks with limits and budgets
used up on the way, and adding up. The draft changes 5 of the 50 promotions, adds 2 and leaves 1 out.
"""

# ruff: noqa: E402  Django is set up before its models are imported

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import django

django.setup()

from django.core.management import call_command

from bench.intake import cut, data_folder
from bench.tables import show
from liushui.catalog import facade as catalog
from liushui.intake import facade as intake
from liushui.promotions.contracts import Rulebook
from liushui.runtime.grants import system_principal
from liushui.stores import facade as stores
from liushui.trials import facade as trials

FIRST, LAST = date(2016, 12, 31), date(2018, 1, 2)
SECONDS_MAX = 60


def rulebook(categories: list[str], *, version: str) -> dict[str, Any]:
    """50 promotions of mixed kinds: 44 on the largest kinds of goods, 6 on the whole basket; 7 have limits."""
    kinds = (
        lambda scope: {"type": "percent_off", "percent": 10, "level": "line", "scope": scope},
        lambda scope: {"type": "nth_unit_percent", "n": 2, "percent": 50, "unit_order": "cheapest", "scope": scope},
        lambda scope: {
            "type": "buy_n_get_m", "buy_qty": 2, "get_qty": 1, "percent": 100, "buy_scope": scope, "get_scope": scope,
            "unit_order": "cheapest",
        },
        lambda scope: {"type": "bundle_price", "n": 3, "price": 500, "scope": scope},
        lambda scope: {"type": "amount_off", "amount": 30, "level": "unit", "scope": scope},
    )  # fmt: skip
    promotions: list[dict[str, Any]] = [
        {"id": f"c{n:02}", "effects": [kinds[n % len(kinds)]({"category_in": [category]})]}
        for n, category in enumerate(categories[:44])
    ]
    promotions[3]["limits"] = {"budget": 20_000}
    promotions[7]["limits"] = {"per_member": 3}
    promotions[11]["limits"] = {"total": 2_000}
    promotions[16]["limits"] = {"budget": 50_000, "budget_mode": "partial"}
    order = {"stage": "order", "group": "spend"}
    promotions += [
        {"id": "spend", **order,
         "effects": [{"type": "tiered_amount_off", "basis": "subtotal", "level": "order",
                      "tiers": [[2_000, 100], [4_000, 250], [6_000, 450], [10_000, 900]]}]},
        {"id": "weekend", **order, "weekdays": [6, 7], "limits": {"per_member": 4},
         "when": [{"type": "subtotal_at_least", "amount": 3_000}, {"type": "member"}],
         "effects": [{"type": "percent_off", "percent": 10, "level": "order", "max_discount": 500}]},
        {"id": "evening", "stage": "order", "hours": [["20:00", "23:00"]],
         "effects": [{"type": "percent_off", "percent": 2, "level": "order"}]},
        {"id": "opening", "stage": "order", "limits": {"budget": 100_000},
         "when": [{"type": "distinct_skus_at_least", "n": 5}],
         "effects": [{"type": "amount_off", "amount": 50, "level": "order"}]},
        {"id": "first", "stage": "order", "limits": {"per_member": 1}, "when": [{"type": "member"}],
         "effects": [{"type": "amount_off", "amount": 200, "level": "order"}]},
        {"id": "points", "stage": "points", "effects": [{"type": "points", "multiply": 20_000}]},
    ]  # fmt: skip
    return {"version": version, "promotions": promotions}


def drafted(live: dict[str, Any]) -> dict[str, Any]:
    """5 of the promotions changed, 2 added, 1 left out."""
    draft = json.loads(json.dumps(live)) | {"version": "draft"}
    for place in (0, 5, 10):
        draft["promotions"][place]["effects"][0]["percent"] = 15
    draft["promotions"][3]["limits"] = {"budget": 40_000}
    draft["promotions"][4]["effects"][0]["amount"] = 40
    del draft["promotions"][1]
    extra = [
        {"id": f"new-{n}", "limits": limits, "effects": [{"type": "percent_off", "percent": 12, "level": "line",
         "scope": draft["promotions"][20 + n]["effects"][0].get("scope", {"category_in": ["none"]})}]}
        for n, limits in enumerate(({}, {"budget": 30_000}))
    ]  # fmt: skip
    draft["promotions"] += extra
    return draft


def load(baskets: int) -> int:
    """Import the receipts; returns the chain's id."""
    call_command("migrate", verbosity=0, skip_checks=True)
    me = system_principal(name="bench")
    with tempfile.TemporaryDirectory(prefix="liushui-bench-") as folder:
        run, _new = intake.start_import(
            path=cut(baskets, Path(folder)),
            mapping=intake.load_mapping("complete-journey"),
            chain="",
            items=data_folder() / "products.parquet",
            principal=me,
            now=datetime.now(UTC),
        )
    intake.run_import(import_id=run.id, principal=me)
    return next(chain.id for chain in stores.chains())


def run(chain_id: int, books: tuple[Rulebook, Rulebook], processes: int) -> tuple[dict[str, Any], float]:
    """The figures, and how many seconds they took."""
    begun = time.perf_counter()
    found = trials.try_on_receipts(
        live=books[0],
        draft=books[1],
        chain_id=chain_id,
        store_ids=frozenset(store.id for store in stores.stores() if store.chain_id == chain_id),
        first=FIRST,
        last=LAST,
        processes=processes,
    )
    assert found is not None
    return found, time.perf_counter() - begun


def main() -> None:
    """Measure what the arguments ask for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--baskets", type=int, default=0, help="how many; all when not given")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--alone", action="store_true", help="in one process too; the figures must be the same")
    given = parser.parse_args()
    begun = time.perf_counter()
    chain_id = load(given.baskets)
    print(f"  imported in {time.perf_counter() - begun:.0f} s", flush=True)
    sizes = Counter(each.category for each in catalog.goods(chain_id=chain_id) if each.category.count("/") == 2)
    largest = [name for name, _count in sorted(sizes.items(), key=lambda each: (-each[1], each[0]))]
    live = rulebook(largest, version="live")
    books = (Rulebook.from_json(live), Rulebook.from_json(drafted(live)))
    rows, found = [], {}
    for processes in (given.processes, *([1] if given.alone else [])):
        before, cpu = found, os.times()
        found, seconds = run(chain_id, books, processes)
        spent = sum(os.times()[:4]) - sum(cpu[:4])
        rate = f"{found['receipts'] / seconds:,.0f}"
        rows.append((f"{processes} processes", f"{found['receipts']:,}", f"{seconds:.1f} s", rate, f"{spent:.1f} s"))
        assert not before or json.dumps(before) == json.dumps(found), "one process comes to other figures"
    show(("backtest of 50 promotions", "receipts", "time", "receipts/s", "CPU"), rows)
    sides = (found["live"], found["draft"])
    out = [each["promotion"] for each in found["limits"] if each["side"] == "draft" and each["ran_out_on"]]
    show(
        ("figures", "live", "draft"),
        [(key, *(f"{side[key]:,}" for side in sides)) for key in ("given", "receipts_touched", "receipts_not_proven")],
    )
    print(f"  limits that ran out under the draft: {', '.join(out)}; goal: {SECONDS_MAX} s for all on two cores")


if __name__ == "__main__":
    main()
