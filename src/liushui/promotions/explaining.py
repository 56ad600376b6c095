"""An answer in words with all that has a name: the rulebook that priced it, categories, articles, tiers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from liushui.catalog import facade as catalog
from liushui.promotions.domain.explanation import Explanation
from liushui.promotions.domain.rulebook import Rulebook
from liushui.promotions.live import live_rulebook, published_rulebook
from liushui.promotions.queries import member_tiers
from liushui.promotions.words import explain

Name = Mapping[str, str]


def explain_answer(*, chain_id: int, answer: Mapping[str, Any], currency: str, at: datetime) -> Explanation:
    """The answer (JSON) in words of the active language. `at` is this moment: where the version that priced it is in
    force still, it is at hand. One statement for each kind of thing that the words name, and one for an older version.
    """
    rulebook = _rulebook(chain_id, answer, at)
    asked = _Asked()
    explain(answer=answer, names=asked, currency=currency, rulebook=rulebook)
    return explain(answer=answer, names=_names(chain_id, asked.keys_asked), currency=currency, rulebook=rulebook)


def _rulebook(chain_id: int, answer: Mapping[str, Any], at: datetime) -> Rulebook | None:
    digest = answer.get("rulebook", {}).get("digest", "")
    found = live_rulebook(chain_id=chain_id, at=at)
    if found is None or found.digest != digest:
        found = published_rulebook(chain_id=chain_id, digest=digest)
    return found.rulebook if found is not None else None


class _Asked(Mapping[str, Name]):
    """Knows no name and remembers what was asked for."""

    def __init__(self) -> None:
        self.keys_asked: set[str] = set()

    def __getitem__(self, key: str) -> Name:
        self.keys_asked.add(key)
        raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def _names(chain_id: int, keys: set[str]) -> dict[str, Name]:
    wanted: dict[str, set[str]] = {}
    for key in keys:
        kind, colon, code = key.partition(":")
        if colon:
            wanted.setdefault(kind, set()).add(code)
    found: dict[str, Name] = {}
    if categories := wanted.get("category"):
        known = catalog.category_names(chain_ids={chain_id})
        found |= {f"category:{each}": _pair(known[each]) for each in categories if each in known}
    if skus := wanted.get("sku"):
        items = catalog.find_items(chain_id=chain_id, codes=skus)
        found |= {f"sku:{code}": _pair((item.name_zh, item.name_en)) for code, item in items.items()}
    if tiers := wanted.get("tier"):
        found |= {
            f"tier:{each.code}": _pair((each.name_zh, each.name_en))
            for each in member_tiers(chain_id=chain_id)
            if each.code in tiers
        }
    return found


def _pair(names: tuple[str, str]) -> Name:
    return {"zh": names[0], "en": names[1]}
