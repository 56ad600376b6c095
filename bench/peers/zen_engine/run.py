"""zen-engine on the plain work: a decision table whose rows name the promotions that hold; percents are taken here.

python run.py cases.json seconds    → {"microseconds": […], "totals": […]}
"""

import json
import sys
import time
from collections import defaultdict
from pathlib import Path

import zen


def table(promotions):
    """One row for each promotion, all that hold are collected."""
    rules = []
    for promotion in promotions:
        [need] = promotion["when"]
        [category] = need["scope"]["category_in"]
        kind, least = ("quantity", need["n"]) if "n" in need else ("subtotal", need["amount"])
        rules.append(
            {"_id": promotion["id"], "in": f"({kind}.{category} ?? 0) >= {least}", "out": f'"{promotion["id"]}"'}
        )
    content = {
        "hitPolicy": "collect",
        "inputs": [{"id": "in", "name": "holds"}],
        "outputs": [{"id": "out", "name": "promotion", "field": "promotion"}],
        "rules": rules,
    }
    return {
        "nodes": [
            {"id": "start", "type": "inputNode", "name": "start"},
            {"id": "table", "type": "decisionTableNode", "name": "table", "content": content},
            {"id": "end", "type": "outputNode", "name": "end"},
        ],
        "edges": [
            {"id": "a", "type": "edge", "sourceId": "start", "targetId": "table"},
            {"id": "b", "type": "edge", "sourceId": "table", "targetId": "end"},
        ],
    }


def total(decision, cuts, basket):
    """The basket's total: what the table says holds, taken off."""
    quantity, subtotal = defaultdict(int), defaultdict(int)
    for line in basket["lines"]:
        quantity[line["category"]] += line["quantity"]
        subtotal[line["category"]] += line["quantity"] * line["unit_price"]
    found = decision.evaluate({"quantity": quantity, "subtotal": subtotal})["result"]
    due = sum(subtotal.values())
    for row in found:
        category, percent = cuts[row["promotion"]]
        due -= subtotal[category] * percent // 100
    return due


def main():
    cases = json.loads(Path(sys.argv[1]).read_text())
    promotions, baskets, seconds = cases["rulebook"]["promotions"], cases["baskets"], float(sys.argv[2])
    decision = zen.ZenEngine().create_decision(json.dumps(table(promotions)))
    cuts = {
        each["id"]: (each["effects"][0]["scope"]["category_in"][0], each["effects"][0]["percent"])
        for each in promotions
    }
    totals = [total(decision, cuts, basket) for basket in baskets]
    spent, end = [], time.perf_counter() + seconds
    while time.perf_counter() < end or len(spent) < len(baskets):
        for basket in baskets:
            begun = time.perf_counter()
            total(decision, cuts, basket)
            spent.append((time.perf_counter() - begun) * 1e6)
    print(json.dumps({"microseconds": spent, "totals": totals}))


main()
