"""The form of a promotion as a template shows it: fields with labels, texts, errors and choices, nested as they are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from liushui.promotions.pages.form_document import Errors, Tree
from liushui.promotions.pages.form_tables import (
    COMBINED,
    EFFECTS,
    LEAVES,
    LIMITS,
    PERIOD,
    RETURNS,
    SCOPE,
    STACKING,
    Asked,
)
from liushui.promotions.pages.form_values import Style

NameOf = Callable[[str, str], str]  # (source, code) → what people call it
_MONEY = ("money", "base_money")
_PERCENT = ("percent", "base_percent")


@dataclass(slots=True, kw_only=True)
class FieldView:
    """One field. `unit` stands behind it; `before` in front of it."""

    name: str
    label: Any
    kind: str
    value: str = ""
    error: str = ""
    help: Any = ""
    unit: Any = ""
    before: str = ""
    source: str = ""
    is_required: bool = False
    is_checked: bool = False
    is_default: bool = False  # a choice that stands as a document without it means
    choices: Sequence[tuple[str, Any, bool]] = ()
    chips: Sequence[tuple[str, str]] = ()
    fields: list[FieldView] = field(default_factory=list)  # of a scope: those in sight
    more: list[FieldView] = field(default_factory=list)
    rows: list[Step] = field(default_factory=list)  # of steps: path, from, value

    @property
    def id(self) -> str:
        """What the page calls it; dots would need quoting in selectors."""
        return "f-" + self.name.replace(".", "-")

    @property
    def is_open(self) -> bool:
        """Whether something is said under "more"."""
        return any(each.says_something for each in self.more)

    @property
    def says_something(self) -> bool:
        """Whether it is not left as it was."""
        within = any(each.says_something for each in (*self.fields, *self.more))
        chosen = self.kind == "choice" and bool(self.value) and not self.is_default
        typed = self.kind not in ("choice", "flag", "scope") and bool(self.value)
        return bool(self.error or self.is_checked or within or chosen or typed or self.rows)

    @property
    def has_error(self) -> bool:
        """Whether something in it is wrong."""
        return bool(self.error) or any(each.has_error for each in (*self.fields, *self.more))


Step = tuple[str, FieldView, FieldView]


@dataclass(slots=True, kw_only=True)
class NodeView:
    """A condition or an effect."""

    path: str
    type: FieldView
    title: Any
    fields: list[FieldView] = field(default_factory=list)
    more: list[FieldView] = field(default_factory=list)
    parts: list[NodeView] = field(default_factory=list)
    op: str = ""  # all, any or not of a group
    is_focused: bool = False

    @property
    def id(self) -> str:
        """What the page calls it."""
        return "n-" + self.path.replace(".", "-")

    @property
    def is_open(self) -> bool:
        """Whether something is said under "all settings"."""
        return any(each.says_something for each in self.more)


@dataclass(slots=True, kw_only=True)
class FormView:
    """The whole form."""

    id: str
    names: list[FieldView]
    hidden: list[tuple[str, str]]
    effects: list[NodeView]
    when: list[NodeView]
    period: list[FieldView]
    stacking: list[FieldView]
    limits: list[FieldView]
    returns: list[FieldView]
    errors: Errors
    effects_error: str = ""

    @property
    def is_rest_open(self) -> bool:
        """Whether any of the settings beyond conditions, effects and period says something."""
        loud = [each for each in self.stacking if each.name != "stage"]  # templates set the stage
        return any(each.says_something for each in (*loud, *self.limits, *self.returns))


class _Maker:
    def __init__(self, style: Style, errors: Errors, name_of: NameOf, focus: str) -> None:
        self.style, self.errors, self.name_of, self.focus = style, errors, name_of, focus

    def field(self, asked: Asked, tree: Tree, *, at: str) -> FieldView:
        name = f"{at}{asked.key}"
        value = tree.get(asked.key, "")
        view = FieldView(
            name=name,
            label=asked.label,
            kind=asked.kind.removesuffix("_percent").removesuffix("_money"),
            error=self.errors.get(name, ""),
            help=asked.help,
            source=asked.source,
            is_required=asked.is_required,
        )
        if asked.kind == "scope":
            within = value if isinstance(value, dict) else {}
            view.help = _("Empty: all goods.")
            view.fields, view.more = self.fields(SCOPE, within, at=f"{name}.")
            if asked.key == "basis_scope":
                everything = Asked(key="everything", label=_("All goods"), kind="flag", default=False)
                view.more.append(self.field(everything, within, at=f"{name}."))
            return view
        if asked.kind.startswith("tiers_"):
            view.kind = "tiers"
            view.rows = list(self._steps(asked, tree, value if isinstance(value, list) else [], name))
            return view
        view.value = value if isinstance(value, str) else ""
        self._dress(view, asked)
        return view

    def fields(self, asked: Iterable[Asked], tree: Tree, *, at: str) -> tuple[list[FieldView], list[FieldView]]:
        """(those in sight, those under "more")."""
        plain: list[FieldView] = []
        more: list[FieldView] = []
        for each in asked:
            (plain if each.is_plain else more).append(self.field(each, tree, at=at))
        return plain, more

    def _dress(self, view: FieldView, asked: Asked) -> None:
        if asked.kind in _MONEY:
            view.before = "¥" if self.style.currency == "CNY" else self.style.currency
        elif asked.kind in _PERCENT:
            view.kind = "percent"
            view.unit = "折" if self.style.percent_as == "zhe" else _("% off")
            if self.style.percent_as == "zhe":
                view.help = _("9 is 九折; 免费 and 半价 may be written too.")
        elif asked.kind == "factor":
            view.unit = _("times")
        elif asked.kind == "flag":
            view.is_checked = view.value == "on"
        elif asked.kind == "choice":
            view.choices = [(code, title, code == view.value) for code, title in asked.choices]
            view.is_default = view.value in ("", asked.default)
            if not any(chosen for _code, _title, chosen in view.choices) and asked.choices[0][0]:
                view.choices = [("", _("Choose …"), True), *view.choices]
        elif asked.kind == "weekdays":
            chosen = view.value.split()
            view.choices = [(str(day), name, str(day) in chosen) for day, name in enumerate(_weekdays(), start=1)]
        elif asked.kind in ("list", "one"):
            codes = [line.strip() for line in view.value.splitlines() if line.strip()]
            view.chips = [(code, self.name_of(asked.source, code)) for code in codes]

    def _steps(self, asked: Asked, tree: Tree, rows: list[Any], name: str) -> Iterable[Step]:
        of_units = tree.get("basis") == "eligible_quantity"
        start = Asked(key="from", label=_("From"), kind="count" if of_units else "money")
        value = Asked(key="value", label=_("Discount"), kind=asked.kind.removeprefix("tiers_"))
        for index, row in enumerate(rows or [{}]):
            at, within = f"{name}.{index}", row if isinstance(row, dict) else {}
            views = [self.field(each, within, at=f"{at}.") for each in (start, value)]
            views[0].unit = _("units") if of_units else ""
            yield at, views[0], views[1]

    def node(self, kinds: Mapping[str, Any], tree: Tree, *, path: str) -> NodeView:
        kind = str(tree.get("type", ""))
        titles = [(code, each.title) for code, each in kinds.items()]
        if kinds is LEAVES:
            titles += list(COMBINED.items())
        type_of = FieldView(
            name=f"{path}.type",
            label=_("Kind"),
            kind="choice",
            value=kind,
            error=self.errors.get(f"{path}.type", ""),
            choices=[(code, title, code == kind) for code, title in titles],
        )
        view = NodeView(path=path, type=type_of, title=dict(titles).get(kind, kind), is_focused=path == self.focus)
        if kinds is LEAVES and kind in COMBINED:
            view.op = kind
            parts = tree.get("parts")
            view.parts = [
                self.node(LEAVES, each, path=f"{path}.parts.{i}")
                for i, each in enumerate(parts if isinstance(parts, list) else [])
                if isinstance(each, dict)
            ]
        elif kind in kinds:
            view.fields, view.more = self.fields(kinds[kind].fields, tree, at=f"{path}.")
        return view


def form_view(tree: Tree, *, style: Style, errors: Errors, name_of: NameOf, focus: str = "") -> FormView:
    """The form of a tree; `focus` names the part that was just added."""
    maker = _Maker(style, errors, name_of, focus)

    def flat(asked: Iterable[Asked], within: Tree, at: str = "") -> list[FieldView]:
        return [maker.field(each, within, at=at) for each in asked]

    name = tree.get("name") if isinstance(tree.get("name"), dict) else {}
    limits = tree.get("limits") if isinstance(tree.get("limits"), dict) else {}
    languages = (("zh", _("Chinese name")), ("en", _("English name")))
    others = [(f"name.{key}", text) for key, text in (name or {}).items() if key not in ("zh", "en")]
    was = [(key, str(tree[key])) for key in ("starts_at_was", "ends_at_was") if tree.get(key)]
    return FormView(
        id=str(tree.get("id", "")),
        names=flat([Asked(key=key, label=label, kind="text") for key, label in languages], name or {}, "name."),
        hidden=[*others, *was],
        effects=[maker.node(EFFECTS, each, path=f"effects.{i}") for i, each in _nodes(tree, "effects")],
        when=[maker.node(LEAVES, each, path=f"when.{i}") for i, each in _nodes(tree, "when")],
        period=flat(PERIOD, tree),
        stacking=flat(STACKING, tree),
        limits=flat(LIMITS, limits or {}, "limits."),
        returns=flat(RETURNS, tree),
        errors=errors,
        effects_error=errors.get("effects", ""),
    )


def all_fields(form: FormView) -> Iterable[FieldView]:
    """Every field of the form, those of scopes and groups too."""

    def within(views: Iterable[FieldView]) -> Iterable[FieldView]:
        for view in views:
            yield view
            yield from within((*view.fields, *view.more))
            for _path, start, value in view.rows:
                yield from (start, value)

    def of_nodes(nodes: Iterable[NodeView]) -> Iterable[FieldView]:
        for node in nodes:
            yield node.type
            yield from within((*node.fields, *node.more))
            yield from of_nodes(node.parts)

    yield from within(form.names)
    yield from of_nodes((*form.effects, *form.when))
    yield from within((*form.period, *form.stacking, *form.limits, *form.returns))


def _nodes(tree: Tree, key: str) -> list[tuple[int, Tree]]:
    nodes = tree.get(key)
    return [(i, each) for i, each in enumerate(nodes if isinstance(nodes, list) else []) if isinstance(each, dict)]


def _weekdays() -> list[str]:
    return [_("Mon"), _("Tue"), _("Wed"), _("Thu"), _("Fri"), _("Sat"), _("Sun")]
