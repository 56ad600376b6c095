"""The rulebook with the types of its parts."""

from __future__ import annotations

from liushui.promotions.domain.rulebook_json import Rulebook
from liushui.promotions.domain.rules import (
    STAGES,
    Combined,
    Condition,
    Effect,
    Leaf,
    Level,
    Limits,
    Promotion,
    Scope,
    Stage,
    UnitOrder,
)

__all__ = [
    "STAGES",
    "Combined",
    "Condition",
    "Effect",
    "Leaf",
    "Level",
    "Limits",
    "Promotion",
    "Rulebook",
    "Scope",
    "Stage",
    "UnitOrder",
]
