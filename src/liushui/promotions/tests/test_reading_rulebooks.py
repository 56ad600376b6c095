"""Rulebooks are read strictly: what is wrong is told with its path, and nothing is guessed or dropped."""

from hashlib import sha256

import pytest

from liushui.promotions.domain.canonical import digest
from liushui.promotions.domain.effect_fields import EFFECTS
from liushui.promotions.domain.rule_fields import LEAVES, LIMITS, PROMOTION, SCOPE
from liushui.promotions.domain.rulebook import Combined, Effect, Leaf, Limits, Promotion, Rulebook, Scope
from liushui.promotions.domain.rulebook_json import read_promotion, read_rulebook, write_promotion, write_rulebook
from liushui.promotions.errors import InvalidDocument

FROM_0 = "A whole number from 0 to 1000000000000000 is wanted; "
RULEBOOK = """{"version": "2026-11-22.1", "mode": "best",
 "promotions": [{
   "id": "snacks-3-for-2", "name": {"zh": "零食买二送一", "en": "Snacks 3 for 2"},
   "stage": "item", "lane": 0, "priority": 0,
   "exclusive": false, "group": null, "group_mode": "best", "group_max": null, "not_with": [], "unit_exclusive": false,
   "starts_at": null, "ends_at": null, "weekdays": null, "hours": null,
   "when": [{"type": "quantity_at_least", "n": 3, "scope": {"category_in": ["food/snacks"]}}],
   "effects": [{"type": "buy_n_get_m", "buy_qty": 2, "get_qty": 1, "percent": 100,
                "buy_scope": {"category_in": ["food/snacks"]}, "get_scope": {"category_in": ["food/snacks"]},
                "unit_order": "cheapest", "max_applications": null}],
   "limits": {"total": null, "per_member": null, "per_order": null, "budget": null, "budget_mode": "reject"},
   "return_policy": "keep"}]}"""


def promotion(effect: dict[str, object] | None = None, **changes: object) -> dict[str, object]:
    return {"id": "p", "effects": [effect or {"type": "percent_off", "percent": 20, "level": "line"}]} | changes


def book(*promotions: dict[str, object], **changes: object) -> dict[str, object]:
    return {"version": "1", "promotions": list(promotions)} | changes


def refused(read: object, document: object) -> tuple[str, str]:
    with pytest.raises(InvalidDocument) as caught:
        read(document)  # type: ignore[operator]
    return caught.value.pointer or "", caught.value.detail


def test_the_rulebook_of_the_specification_is_read_whole() -> None:
    snacks = Scope(category_in=frozenset({"food/snacks"}))
    read = Rulebook.from_json(RULEBOOK)
    assert read.promotions == (
        Promotion(
            id="snacks-3-for-2",
            name={"zh": "零食买二送一", "en": "Snacks 3 for 2"},
            when=(Leaf(type="quantity_at_least", n=3, scope=snacks),),
            effects=(
                Effect(
                    type="buy_n_get_m",
                    buy_qty=2,
                    get_qty=1,
                    percent=10000,
                    buy_scope=snacks,
                    get_scope=snacks,
                    unit_order="cheapest",
                ),
            ),
        ),
    )
    assert (read.version, read.mode) == ("2026-11-22.1", "best")
    assert read.digest == digest(write_rulebook(read))
    assert read_rulebook(write_rulebook(read)) == read


def test_the_normal_form_leaves_defaults_out() -> None:
    assert write_promotion(read_rulebook(RULEBOOK).promotions[0]) == {
        "id": "snacks-3-for-2",
        "name": {"zh": "零食买二送一", "en": "Snacks 3 for 2"},
        "when": [{"type": "quantity_at_least", "n": 3, "scope": {"category_in": ["food/snacks"]}}],
        "effects": [
            {
                "type": "buy_n_get_m",
                "buy_qty": 2,
                "get_qty": 1,
                "percent": 100,
                "unit_order": "cheapest",
                "buy_scope": {"category_in": ["food/snacks"]},
                "get_scope": {"category_in": ["food/snacks"]},
            }
        ],
    }


def test_the_digest_does_not_depend_on_how_a_rulebook_is_spelled() -> None:
    first, second = promotion(not_with=["q"]), promotion(id="q")
    one = read_rulebook(book(first, second))
    other = read_rulebook(book({**second, "lane": 0, "not_with": ["p"], "group": None}, promotion(), mode="best"))
    assert one == other
    text = (
        '{"promotions":[{"effects":[{"level":"line","percent":20,"type":"percent_off"}],"id":"p","not_with":["q"]},'
        '{"effects":[{"level":"line","percent":20,"type":"percent_off"}],"id":"q","not_with":["p"]}],"version":"1"}'
    )
    assert one.digest == "sha256:" + sha256(text.encode()).hexdigest()
    assert [each.not_with for each in one.promotions] == [frozenset({"q"}), frozenset({"p"})]
    assert read_rulebook(book(first, second, version="2")).digest != one.digest


@pytest.mark.parametrize(
    ("written", "basis_points", "again"),
    [
        ("20", 2000, 20),
        ("12.5", 1250, "12.5"),
        ('"12.50"', 1250, "12.5"),
        ("0.01", 1, "0.01"),
        ("100", 10000, 100),
        ('"99.99"', 9999, "99.99"),
    ],
)
def test_a_percent_is_a_number_or_a_text_with_two_decimals(written: str, basis_points: int, again: object) -> None:
    text = f'{{"id": "p", "effects": [{{"type": "percent_off", "level": "unit", "percent": {written}}}]}}'
    read = read_promotion(text)
    assert read.effects[0].percent == basis_points
    assert write_promotion(read)["effects"][0]["percent"] == again


@pytest.mark.parametrize(
    "written", ["12.555", "0", "0.00", "-5", "100.01", "101",
     "1e1", "1E-2", '"12,5"', '"20%"', '" 20"', "true", "null", "[]", "20.500"]
)  # fmt: skip
def test_any_other_percent_names_the_promotion_and_the_field(written: str) -> None:
    effect = f'{{"type": "percent_off", "level": "unit", "percent": {written}}}'
    text = f'{{"promotions": [{{"id": "half", "effects": [{effect}]}}]}}'
    with pytest.raises(InvalidDocument) as caught:
        read_rulebook(text)
    assert caught.value.pointer == "promotions[0].effects[0].percent"
    assert caught.value.context["promotion"] == "half"
    assert caught.value.detail.startswith("Promotion 'half', effects[0].percent: ")


def test_tiers_of_percents_are_percents_and_may_begin_from_none() -> None:
    effect = {
        "type": "tiered_percent_off",
        "basis": "subtotal",
        "tiers": [[10000, 5], [20000, "7.5"]],
        "level": "order",
    }
    read = read_promotion(promotion(effect)).effects[0]
    assert (read.tiers, read.base_value) == (((10000, 500), (20000, 750)), 0)
    below = read_promotion(promotion(effect | {"base_value": 2})).effects[0]
    assert below.base_value == 200
    assert write_promotion(read_promotion(promotion(effect | {"base_value": 2})))["effects"][0] == effect | {
        "base_value": 2
    }


FIXED = {"type": "fixed_unit_price", "price": 100}
TIERED = {"type": "tiered_amount_off", "basis": "subtotal", "level": "order"}


@pytest.mark.parametrize(
    ("given", "pointer", "detail"),
    [
        (promotion(colour="red"), "colour", "A promotion has no field 'colour'"),
        (promotion(stage="cart"), "stage", '"cart" is none of catalogue, item, order, shipping, points'),
        (promotion(exclusive="yes"), "exclusive", 'true or false is wanted; "yes" was given'),
        (promotion(lane=True), "lane", "A whole number is wanted; true was given"),
        (promotion(effects=[]), "effects", "The list is empty"),
        (promotion(not_with=["p"], id="p"), "", ""),
        (promotion(starts_at="2026-01-01T00:00:00"), "starts_at", '"2026-01-01T00:00:00" has no offset'),
        (promotion(weekdays=[0]), "weekdays[0]", "A whole number from 1 to 7 is wanted; 0 was given"),
        (promotion(weekdays=[1, 1]), "weekdays", "A weekday stands twice in the list"),
        (promotion(weekdays=[]), "weekdays", "The list is empty"),
        (promotion(hours=["10:00"]), "hours", "Hours are pairs of times"),
        (promotion(hours=[["10:00", "10:00"]]), "hours[0]", "These hours are empty"),
        (promotion(hours=["24:00", "10:00"]), "hours", "These hours are empty"),
        (promotion(hours=["9:00", "10:00"]), "hours[0]", '"9:00" is not a time of day'),
        (promotion(hours=[["09:00", "25:00"]]), "hours[0][1]", '"25:00" is not a time of day'),
        (promotion(name="半价"), "name", 'Names by language are wanted; "半价" was given'),
        (promotion(limits={"orders": 1}), "limits.orders", "Limits has no field 'orders'"),
        (promotion(limits={"budget": -1}), "limits.budget", FROM_0 + "-1 was given"),
        (promotion({"type": "percent_of"}), "effects[0].type", f'"percent_of" is none of {", ".join(EFFECTS)}'),
        (promotion({"price": 1}), "effects[0].type", "An effect lacks the field 'type'"),
        (promotion({"type": "percent_off", "percent": 20}), "effects[0].level", "percent_off lacks the field 'level'"),
        (
            promotion({"type": "percent_off", "percent": 20, "level": "order_and_shipping"}),
            "effects[0].level",
            '"order_and_shipping" is none of unit, line, order',
        ),
        (
            promotion({"type": "amount_off", "amount": 5.0, "level": "order"}),
            "effects[0].amount",
            "A whole number is wanted; 5.0 was given",
        ),
        (
            promotion(FIXED | {"max_units": 2}),
            "effects[0].unit_order",
            "max_units chooses among units, and 'unit_order' does not say which",
        ),
        (
            promotion(FIXED | {"unit_multiple_of": 2}),
            "effects[0].unit_order",
            "unit_multiple_of chooses among units, and 'unit_order' does not say which",
        ),
        (promotion(FIXED | {"percent": 2}), "effects[0].percent", "fixed_unit_price has no field 'percent'"),
        (
            promotion({"type": "nth_unit_percent", "n": 2, "percent": 50}),
            "effects[0].unit_order",
            "nth_unit_percent lacks the field 'unit_order'",
        ),
        (
            promotion({"type": "buy_n_get_m", "buy_qty": 2, "get_qty": 1, "percent": 100}),
            "effects[0].unit_order",
            "buy_n_get_m lacks the field 'unit_order'",
        ),
        (
            promotion({"type": "first_then_additional_amount_off", "first": 5, "additional": 1}),
            "effects[0].unit_order",
            "first_then_additional_amount_off lacks the field 'unit_order'",
        ),
        (promotion(TIERED | {"tiers": []}), "effects[0].tiers", "The list is empty"),
        (
            promotion(TIERED | {"tiers": [[200, 30], [100, 10]]}),
            "effects[0].tiers[1][0]",
            "Tiers ascend: 100 comes after 200",
        ),
        (
            promotion(TIERED | {"tiers": [[200, 30], [200, 40]]}),
            "effects[0].tiers[1][0]",
            "Tiers ascend: 200 comes after 200",
        ),
        (promotion(TIERED | {"tiers": [[200]]}), "effects[0].tiers[0]", "A tier is a pair [from, value]"),
        (promotion({"type": "points"}), "effects[0]", "points lacks 'multiply' or 'add'"),
        (
            promotion({"type": "issue_coupon", "batch": "b", "for": "this_order"}),
            "effects[0].for",
            '"this_order" is none of next_order',
        ),
        (promotion(when=[{"type": "coupon"}]), "when[0]", "A coupon condition names a code or a batch, one of the two"),
        (
            promotion(when=[{"type": "coupon", "code": "a", "batch": "b"}]),
            "when[0]",
            "A coupon condition names a code or a batch, one of the two",
        ),
        (promotion(when=[{"all": []}]), "when[0].all", "The list is empty"),
        (
            promotion(when=[{"any": [{"type": "member"}], "not": {}}]),
            "when[0].not",
            "A condition with 'any' has no field 'not'",
        ),
        (promotion(when=[{"not": {"type": "tier_in", "tiers": []}}]), "when[0].not.tiers", "The list is empty"),
        (
            promotion(when=[{"type": "subtotal_at_least"}]),
            "when[0].amount",
            "subtotal_at_least lacks the field 'amount'",
        ),
        (
            promotion(when=[{"type": "contains", "scope": {"sku": ["A"]}}]),
            "when[0].scope.sku",
            "A scope has no field 'sku'",
        ),
        (
            promotion(when=[{"type": "attribute", "name": "x", "op": "in", "value": 1}]),
            "when[0].value",
            "`in` compares with a list, the others with one value",
        ),
        (
            promotion(when=[{"type": "attribute", "name": "x", "op": "gte", "value": "1"}]),
            "when[0].value",
            "gte compares whole numbers",
        ),
        (
            promotion(when=[{"type": "birthday_within", "days": -1}]),
            "when[0].days",
            "A whole number from 0 to 366 is wanted; -1 was given",
        ),
    ],
)
def test_what_is_wrong_with_a_promotion_is_told_with_its_path(given: object, pointer: str, detail: str) -> None:
    if not pointer:
        assert refused(read_rulebook, book(given))[1] == "Promotion 'p' is not_with itself"
        return
    assert refused(read_rulebook, book(given)) == (
        f"promotions[0].{pointer}",
        f"Promotion 'p', {pointer}: {detail}",
    )


def test_what_a_rulebook_refuses_as_a_whole() -> None:
    assert refused(read_rulebook, book(promotion(), promotion())) == (
        "promotions[1].id",
        "The promotion id 'p' stands twice",
    )
    assert refused(read_rulebook, book(promotion(not_with=["ghost"]))) == (
        "promotions[0].not_with",
        "There is no promotion 'ghost' that 'p' could be not_with",
    )
    assert refused(read_rulebook, book(mode="cheapest")) == ("mode", '"cheapest" is none of best, sequential')
    assert refused(read_rulebook, book({"effects": []})) == ("promotions[0].id", "A promotion lacks the field 'id'")


def test_conditions_nested_too_deep_are_refused_also_when_already_parsed() -> None:
    condition: dict[str, object] = {"type": "member"}
    for _depth in range(5000):
        condition = {"not": condition}
    pointer, detail = refused(read_promotion, promotion(when=[condition]))
    assert pointer.startswith("when[0].not.not")
    assert detail.endswith("Conditions are nested more than 64 deep")


def test_conditions_are_joined_and_nested() -> None:
    when = [{"all": [{"any": [{"type": "member"}, {"type": "first_order"}]}, {"not": {"type": "nth_order", "n": 3}}]}]
    read = read_promotion(promotion(when=when))
    assert read.when == (
        Combined(
            op="all",
            parts=(
                Combined(op="any", parts=(Leaf(type="member"), Leaf(type="first_order"))),
                Combined(op="not", parts=(Leaf(type="nth_order", n=3),)),
            ),
        ),
    )
    assert write_promotion(read)["when"] == when


def test_in_stage_catalogue_the_level_may_be_left_out() -> None:
    read = read_promotion(promotion({"type": "percent_off", "percent": 20}, stage="catalogue"))
    assert read.effects[0].level == "unit"


def test_one_scope_stands_for_both_of_buy_n_get_m() -> None:
    effect = {"type": "buy_n_get_m", "buy_qty": 1, "get_qty": 1, "percent": 100, "unit_order": "cheapest"}
    tea = Scope(sku_in=frozenset({"TEA"}))
    read = read_promotion(promotion(effect | {"scope": {"sku_in": ["TEA"]}})).effects[0]
    assert (read.buy_scope, read.get_scope, read.scope) == (tea, tea, Scope())
    other = read_promotion(promotion(effect | {"get_scope": {"sku_in": ["TEA"]}})).effects[0]
    assert (other.buy_scope, other.get_scope) == (Scope(), tea)
    both = effect | {"scope": {"sku_in": ["A"]}, "buy_scope": {}, "get_scope": {}}
    assert refused(read_promotion, promotion(both))[0] == "effects[0].scope"


def test_hours_are_pairs_or_one_pair_and_a_day_ends_at_24() -> None:
    assert read_promotion(promotion(hours=["22:00", "02:00"])).hours == ((1320, 120),)
    read = read_promotion(promotion(hours=[["00:00", "10:30"], ["18:00", "24:00"]], weekdays=[6, 7]))
    assert (read.hours, read.weekdays) == (((0, 630), (1080, 1440)), frozenset({6, 7}))
    assert write_promotion(read)["hours"] == [["00:00", "10:30"], ["18:00", "24:00"]]
    assert write_promotion(read)["weekdays"] == [6, 7]


def test_the_tables_name_every_field_of_the_types_and_no_other() -> None:
    def of(*rows: object) -> set[str]:
        return {field.stored for row in rows for field in row}  # type: ignore[attr-defined]

    assert of(SCOPE) == set(Scope.__slots__)
    assert of(*(row.fields for row in EFFECTS.values())) | {"type"} == set(Effect.__slots__)
    assert of(*(row.fields for row in LEAVES.values())) | {"type"} == set(Leaf.__slots__)
    assert of(LIMITS) == set(Limits.__slots__)
    assert of(PROMOTION) | {"when", "effects", "limits"} == set(Promotion.__slots__)
