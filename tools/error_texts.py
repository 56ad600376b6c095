"""The sentences that named errors are raised with, read from the sources: details and remedies.

They are English where they are raised, since programs and logs read them; pages say them in the reader's language
(`liushui.runtime.error_words`). A sentence with values in it is a shape, `Draft {1} is {2}`. Read are the arguments
of calls of error classes, and what goes into them: choices, local names, tables, what small functions answer, and what
is handed to functions that raise for others. What cannot be read is named, so that no sentence slips through.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain, product
from pathlib import Path

CONTEXT = "error"
TRANSLATED = ("_", "gettext", "ngettext", "pgettext", "npgettext")
SAID_ELSEWHERE = ("detail", "remedy", "text", "messages")  # of another error: said where that one is raised
ALTERNATIVES_MAX = 12
# What is wrong in a file without an error being raised: which arguments are sentences.
FAULTS: Mapping[str, tuple[int, ...]] = {"Fault": (1, 2), "Reason": ()}
_VALUE = re.compile(r"\{\d+\}")
_PLAIN = re.compile(r"[a-z]+(?: [a-z]+)*")
_WORDS = re.compile(r"[A-Za-z]{2,} |[Aa] [a-z]|[A-Z][a-z]+")


@dataclass(slots=True, eq=False)
class Function:
    """A function of the sources; `outer` is the one that it stands in."""

    path: Path
    node: ast.FunctionDef | ast.AsyncFunctionDef
    is_method: bool
    outer: Function | None

    def parameters(self) -> list[str]:
        """Those that may be given by position, as a caller counts them."""
        names = [each.arg for each in (*self.node.args.posonlyargs, *self.node.args.args)]
        return names[1:] if self.is_method else names

    def takes(self, name: str) -> bool:
        """Whether this is one of its parameters."""
        return any(each.arg == name for each in self._all())

    def is_text(self, name: str) -> bool:
        """Whether it is a text."""
        return any(each.arg == name and "str" in ast.unparse(each.annotation or each) for each in self._all())

    def _all(self) -> list[ast.arg]:
        return [*self.node.args.posonlyargs, *self.node.args.args, *self.node.args.kwonlyargs]


@dataclass(slots=True)
class Sentences:
    """Shapes with one place each, and the places of what cannot be read."""

    said: dict[str, str] = field(default_factory=dict)
    unread: list[tuple[str, str]] = field(default_factory=list)


def read(trees: Mapping[Path, ast.Module], *, errors: Iterable[str], root: Path) -> Sentences:
    """All sentences that the errors of these names are raised with."""
    reader = _Reader(trees, frozenset(errors), root)
    reader.read()
    return reader.found


class _Reader:
    def __init__(self, trees: Mapping[Path, ast.Module], errors: frozenset[str], root: Path) -> None:
        own_words = {
            node.name
            for tree in trees.values()
            for node in ast.walk(tree)
            if isinstance(node, ast.ClassDef) and any(_asks_for_more(each) for each in node.body)
        }
        self.errors, self.root = errors - (own_words - {"LiushuiError"}), root
        self.found = Sentences()
        self.calls: dict[str, list[tuple[ast.Call, Function | None, Path]]] = {}  # by the name of what is called
        self.imported: set[tuple[Path, str]] = set()
        self.functions: dict[str, list[Function]] = {}
        self.constants: dict[str, list[tuple[Path, str]]] = {}
        self.tables: dict[str, list[tuple[Path, ast.Dict]]] = {}
        self.handed: dict[tuple[Function, str], None] = {}  # a parameter to which callers hand whole sentences
        self.lent: dict[tuple[Function, str], None] = {}  # callers hand over a value of a sentence, which may be words
        for path, tree in trees.items():
            self._walk(tree, path, None, is_class=False)

    def _walk(self, node: ast.AST, path: Path, inside: Function | None, *, is_class: bool) -> None:
        for child in ast.iter_child_nodes(node):
            within = inside
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
                names = {each.id for each in child.decorator_list if isinstance(each, ast.Name)}
                within = Function(path, child, is_class and "staticmethod" not in names, inside)
                self.functions.setdefault(child.name, []).append(within)
            elif isinstance(child, ast.ImportFrom) and (child.module or "").startswith("liushui."):
                self.imported |= {(path, each.asname or each.name) for each in child.names}
            elif isinstance(child, ast.Call):
                self.calls.setdefault(_name_of(child.func), []).append((child, inside, path))
            self._keep(child, path)
            self._walk(child, path, within, is_class=isinstance(child, ast.ClassDef))

    def _keep(self, node: ast.AST, path: Path) -> None:
        """A table or a text that has a name."""
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Dict() as table):
                self.tables.setdefault(name, []).append((path, table))
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.Dict() as table):
                self.tables.setdefault(name, []).append((path, table))
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=str(text))):
                self.constants.setdefault(name, []).append((path, text))

    def read(self) -> None:
        for call, inside, path in chain.from_iterable(self.calls.values()):
            if _name_of(call.func) in {*self.errors, *FAULTS} or _is_error_of_self(call):
                for argument in _said_by(call):
                    self._say(argument, inside, path)
            for each in call.keywords:
                if (each.arg or "").endswith("_remedy"):
                    self._say(each.value, inside, path)
        done: set[tuple[Function, str]] = set()
        while waiting := [each for each in (*self.handed, *self.lent) if each not in done]:
            done.update(waiting)
            for function, parameter in waiting:
                for call, inside, path in self.calls.get(function.node.name, ()):
                    for argument in self._handed_by(call, path, function, parameter):
                        if (function, parameter) in self.handed:
                            self._say(argument, inside, path)
                        else:
                            self._lend(argument, inside, path)

    def _handed_by(self, call: ast.Call, path: Path, function: Function, parameter: str) -> Iterator[ast.expr]:
        if function in self._called_ones(call, path):
            places = function.parameters()
            at = places.index(parameter) if parameter in places else len(call.args)
            yield from call.args[at : at + 1]
            yield from (each.value for each in call.keywords if each.arg == parameter)

    def _called_ones(self, call: ast.Call, path: Path) -> list[Function]:
        """The functions that a call may mean: those of the same file, else those of the name that it imports."""
        name = _name_of(call.func)
        every = self.functions.get(name, [])
        if isinstance(call.func, ast.Attribute):
            return every
        return [each for each in every if each.path == path] or (every if (path, name) in self.imported else [])

    def _say(self, argument: ast.expr, inside: Function | None, path: Path) -> None:
        place = f"{path.relative_to(self.root)}:{argument.lineno}"
        shapes = self._shapes(argument, inside, path)
        if shapes is None:
            self.found.unread.append((place, repr(ast.unparse(argument)[:80])))
        for shape in shapes or ():
            self._add(shape, place)

    def _add(self, shape: str, place: str, *, is_word: bool = False) -> None:
        numbers = iter(range(1, 100))
        text = re.sub("\0", lambda _found: f"{{{next(numbers)}}}", shape).strip()
        if is_word or _WORDS.search(_VALUE.sub("", text)):
            self.found.said.setdefault(text, place)

    def _shapes(self, node: ast.expr, inside: Function | None, path: Path) -> list[str] | None:
        """The sentences that this may be, a zero sign for each value; None where that cannot be told."""
        match node:
            case ast.Constant(value=str(text)):
                return [text]
            case ast.Constant():
                return []
            case ast.JoinedStr(values=parts):
                return _joined([self._part(part, inside, path) for part in parts])
            case ast.BinOp(op=ast.Add(), left=left, right=right):
                return _joined([self._piece(left, inside, path), self._piece(right, inside, path)])
            case ast.IfExp(body=one, orelse=other):
                return self._any([one, other], inside, path)
            case ast.BoolOp(values=values):
                return self._any(values, inside, path)
            case ast.Name(id=name):
                return self._named(name, inside, path)
            case ast.Attribute(attr=name) if name in SAID_ELSEWHERE or name.endswith("_remedy"):
                return []
            case ast.Subscript(value=ast.Name(id=name)):
                return self._table(name, [], inside, path)
            case ast.Call():
                return self._called(node, inside, path)
        return None

    def _any(self, nodes: Iterable[ast.expr], inside: Function | None, path: Path) -> list[str] | None:
        each = [self._shapes(node, inside, path) for node in nodes]
        return None if None in each else [shape for shapes in each for shape in shapes or ()]

    def _piece(self, node: ast.expr, inside: Function | None, path: Path) -> list[str]:
        return self._shapes(node, inside, path) or ["\0"]

    def _part(self, part: ast.expr, inside: Function | None, path: Path) -> list[str]:
        """A piece of an f-string: words, or a value; words that go in as a value are a sentence of their own."""
        if isinstance(part, ast.Constant):
            return [str(part.value)]
        assert isinstance(part, ast.FormattedValue)
        if part.conversion != -1 or part.format_spec is not None:
            return ["\0"]
        match part.value:
            case ast.IfExp(body=one, orelse=other):
                return [
                    shape
                    for node in (one, other)
                    for shape in ([node.value] if _is_text(node) else self._value(node, inside, path))
                ]
        return self._value(part.value, inside, path)

    def _value(self, node: ast.expr, inside: Function | None, path: Path) -> list[str]:
        self._lend(node, inside, path)
        return ["\0"]

    def _lend(self, node: ast.expr, inside: Function | None, path: Path) -> None:
        """A value of a sentence: where it is words written here, they are a sentence too."""
        place = f"{path.relative_to(self.root)}:{node.lineno}"
        match node:
            case ast.Constant(value=str(word)):
                self._add(word, place, is_word=bool(_PLAIN.fullmatch(word)))
            case ast.JoinedStr() | ast.IfExp():
                for shape in self._shapes(node, inside, path) or ():
                    self._add(shape, place)
            case ast.Subscript(value=ast.Name(id=name)):
                for shape in self._table(name, [], inside, path) or ():
                    self._add(shape, place, is_word=bool(_PLAIN.fullmatch(shape)))
            case ast.Name(id=name):
                within = inside
                while within is not None and not within.takes(name):
                    for value in _assigned(within.node, name):
                        if not isinstance(value, ast.Name):
                            self._lend(value, within, path)
                    within = within.outer
                if within is not None and within.is_text(name):
                    self.lent[within, name] = None

    def _named(self, name: str, inside: Function | None, path: Path) -> list[str] | None:
        while inside is not None:
            values = list(_assigned(inside.node, name))
            if inside.takes(name) and not inside.is_text(name):
                return []
            if inside.takes(name):
                self.handed[inside, name] = None
                return self._any([each for each in values if not _uses(each, name)], inside, path)
            if values:
                return self._any(values, inside, path)
            inside = inside.outer
        constants = [value for at, value in self.constants.get(name, []) if at == path]
        return constants or None

    def _table(self, name: str, more: list[ast.expr], inside: Function | None, path: Path) -> list[str] | None:
        tables = self.tables.get(name, [])
        own = [table for at, table in tables if at == path] or [table for _at, table in tables]
        return self._any([*more, *(value for table in own for value in table.values)], inside, path) if own else None

    def _called(self, call: ast.Call, inside: Function | None, path: Path) -> list[str] | None:
        name = _name_of(call.func).removesuffix("_lazy")
        if name in TRANSLATED:
            return []
        match call.func:
            case ast.Attribute(value=ast.Name(id=table), attr="get") if table in self.tables:
                return self._table(table, call.args[1:], inside, path)
            case ast.Attribute(value=inner, attr="join" | "strip" | "removeprefix"):
                if isinstance(inner, ast.Constant) and len(call.args) == 1:
                    return [] if getattr(call.args[0], "attr", "") in SAID_ELSEWHERE else None
                return self._shapes(inner, inside, path)
        if name == "str":
            return self._shapes(call.args[0], inside, path) or []
        answers = [
            (each, node.value)
            for each in self._called_ones(call, path)
            for node in ast.walk(each.node)
            if isinstance(node, ast.Return) and node.value is not None
        ]
        shapes = [self._shapes(value, each, each.path) for each, value in answers]
        return None if not shapes or None in shapes else [shape for some in shapes for shape in some or ()]


def _said_by(call: ast.Call) -> Iterator[ast.expr]:
    places = FAULTS.get(_name_of(call.func), (0,))
    yield from (call.args[place] for place in places if place < len(call.args))
    names = ("text", "remedy") if _name_of(call.func) in FAULTS else ("detail", "remedy")
    yield from (each.value for each in call.keywords if each.arg in names)


def _asks_for_more(node: ast.stmt) -> bool:
    """An `__init__` that makes the sentence itself, out of what it is given."""
    if not (isinstance(node, ast.FunctionDef) and node.name == "__init__"):
        return False
    return [each.arg for each in node.args.args][1:2] != ["detail"]


def _is_error_of_self(call: ast.Call) -> bool:
    """`super().__init__("…")` of an error that writes its own sentence, or `self.error("…")` of who is told which."""
    match call.func:
        case ast.Attribute(value=ast.Call(func=ast.Name(id="super")), attr="__init__"):
            return bool(call.args) and isinstance(call.args[0], ast.Constant | ast.JoinedStr)
        case ast.Attribute(value=ast.Name(id="self"), attr="error"):
            return True
    return False


def _name_of(function: ast.expr) -> str:
    return function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _assigned(function: ast.AST, name: str) -> Iterator[ast.expr]:
    for node in ast.walk(function):
        match node:
            case ast.Assign(targets=[ast.Name(id=target)], value=value) if target == name:
                yield value
            case ast.AnnAssign(target=ast.Name(id=target), value=ast.expr() as value) if target == name:
                yield value
            case ast.Assign(targets=[ast.Tuple(elts=names)], value=ast.Tuple(elts=values)):
                yield from (v for n, v in zip(names, values, strict=True) if isinstance(n, ast.Name) and n.id == name)


def _uses(node: ast.expr, name: str) -> bool:
    return any(isinstance(each, ast.Name) and each.id == name for each in ast.walk(node))


def _joined(pieces: list[list[str]]) -> list[str]:
    return ["".join(each) for each in list(product(*pieces))[:ALTERNATIVES_MAX]]
