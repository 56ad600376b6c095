"""The index leaves out no promotion that could apply: a basket priced with all promotions comes to the same."""

from __future__ import annotations

from unittest import mock

from tests.promotions.generators import basket, rulebook
from tests.promotions.sources import Seeded

from liushui.promotions.domain.basket_json import read_basket
from liushui.promotions.domain.compiled import CompiledRulebook, compile_rulebook
from liushui.promotions.domain.pricing import price
from liushui.promotions.domain.rulebook_json import read_rulebook

RULEBOOKS = 400
BASKETS = 3
LEFT_OUT = 400  # at least so many promotions were left out of some basket, or nothing would be tried here


def test_whoever_the_index_leaves_out_would_not_have_applied() -> None:
    left_out = 0
    for seed in range(RULEBOOKS):
        source = Seeded(7_000 + seed)
        compiled = compile_rulebook(read_rulebook(rulebook(source, most=6)))
        for _ in range(BASKETS):
            asked = read_basket(basket(source))
            touching = compiled.touching(asked)
            left_out += len(compiled.promotions) - len(touching)
            found = price(compiled, asked).to_json()
            with mock.patch.object(CompiledRulebook, "touching", lambda self, basket, keys=None: self.promotions):
                whole = price(compiled, asked).to_json()
            ids = {each.id for each in touching}
            outside = [each for each in whole["promotions"] if each["id"] not in ids]
            assert all(each["status"] == "rejected" for each in outside), (seed, outside)
            for part in ("total", "discount", "lines", "shipping_lines", "points", "issued", "offers"):
                assert found.get(part) == whole.get(part), (seed, part)
    assert left_out >= LEFT_OUT
