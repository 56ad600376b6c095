"""The texts that users see: `compile` makes the .mo files, `check` finds what is not translated or no longer said.

    python tools/messages.py compile
    python tools/messages.py check

Texts are English msgids in templates and in Python; the titles of named errors are the first lines of their
docstrings, and what they say in each case are the sentences that they are raised with (tools/error_texts.py). Chinese
stands in src/liushui/<module>/locale/zh_Hans/LC_MESSAGES/django.po, written by hand.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from babel.messages.catalog import Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # run as a program, this folder is on the path and the one above is not

from tools import error_texts  # noqa: E402  # see the line before

PACKAGE = ROOT / "src" / "liushui"
PO = "locale/zh_Hans/LC_MESSAGES/django.po"
_CALL = re.compile(r"(?<![\w.])(?P<name>_|n?p?gettext(?:_lazy|_noop)?)\(")
_SINGULAR_AT = {"gettext": 0, "ngettext": 0, "pgettext": 1, "npgettext": 1}
_PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w*\}")

# The modules whose errors are said on pages in the reader's language, sentence by sentence.
SAYING = (
    "kernel", "runtime", "stores", "catalog", "orders", "promotions", "trials", "intake", "checkout",
    "returns",
)  # fmt: skip
# Sentences that are made elsewhere, by libraries and by other processes: what is frequent of them stands among the
# words of the module's pages.
MADE_ELSEWHERE = (
    "intake/domain/documents.py: \"row_faults[i] or ''\"",
    "intake/domain/sale_json.py: 'text'",
    "trials/actions/run_backtest.py: 'str(error).strip().splitlines()[-1]'",
)

# A text is named by its context (usually none) and its singular.
Text = tuple[str, str]


@dataclass(slots=True)
class Said:
    """Texts that the sources say, each with one place where."""

    where: dict[Text, str] = field(default_factory=dict)
    unread: list[str] = field(default_factory=list)

    def add(self, text: Text, place: str) -> None:
        """Keep the first place."""
        self.where.setdefault(text, place)


def main(arguments: list[str]) -> int:
    """Run one of the two commands; answers the exit status."""
    if arguments == ["compile"]:
        for path in po_files():
            compile_file(path)
        return 0
    if arguments == ["check"]:
        faults = check()
        print("\n".join(faults) or f"{len(said_texts().where)} texts, all in Chinese too")
        return 1 if faults else 0
    print(__doc__)
    return 2


def po_files() -> list[Path]:
    """Every module's Chinese."""
    return sorted(PACKAGE.glob(f"*/{PO}"))


def compile_file(path: Path) -> None:
    """Write the .mo beside the .po."""
    with path.open("rb") as source:
        catalog = read_po(source, locale="zh_Hans")
    with path.with_suffix(".mo").open("wb") as target:
        write_mo(target, catalog)


def check() -> list[str]:
    """What is wrong, one line each; nothing when all is well."""
    said = said_texts()
    faults = list(said.unread)
    translated: dict[Text, tuple[str, str]] = {}  # Chinese and the file it stands in
    for path in po_files():
        name = str(path.relative_to(ROOT))
        with path.open("rb") as source:
            catalog = read_po(source, locale="zh_Hans", abort_invalid=True)
        for message in catalog:
            if message.id:
                faults += _faults_of(message, name, said, translated)
    for text, place in sorted(said.where.items(), key=lambda item: item[1]):
        if text not in translated:
            faults.append(f"{place}: {text[1]!r} is not translated")
    return faults


def _faults_of(message: Message, name: str, said: Said, translated: dict[Text, tuple[str, str]]) -> Iterator[str]:
    singular = message.id[0] if isinstance(message.id, tuple | list) else message.id
    chinese = message.string[0] if isinstance(message.string, tuple | list) else message.string
    text: Text = (str(message.context or ""), singular)
    place = f"{name}:{message.lineno}"
    if message.fuzzy:
        yield f"{place}: {singular!r} is marked fuzzy"
    if not chinese:
        yield f"{place}: {singular!r} has no Chinese"
    if text not in said.where:
        yield f"{place}: {singular!r} is said nowhere any more"
    wanted = {*_PLACEHOLDER.findall(singular), *_PLACEHOLDER.findall(_plural(message))}
    if chinese and not set(_PLACEHOLDER.findall(chinese)) <= wanted:
        yield f"{place}: {chinese!r} has a placeholder that {singular!r} lacks"
    elif chinese and set(_PLACEHOLDER.findall(singular)) - set(_PLACEHOLDER.findall(chinese)):
        yield f"{place}: {chinese!r} lacks a placeholder of {singular!r}"
    other = translated.setdefault(text, (chinese, place))
    if other[0] != chinese:
        yield f"{place}: {singular!r} is {chinese!r} here and {other[0]!r} in {other[1]}"


def _plural(message: Message) -> str:
    return str(message.id[1]) if isinstance(message.id, tuple | list) else ""


def said_texts() -> Said:
    """Every text of templates, Python and error classes."""
    said = Said()
    sources = {path: path.read_text(encoding="utf-8") for path in sorted(PACKAGE.rglob("*.py")) if _is_ours(path)}
    trees = {path: ast.parse(text) for path, text in sources.items()}
    for path, tree in trees.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                _add_call(node, said, f"{path.relative_to(ROOT)}:{node.lineno}")
    classes = list(_error_classes(trees))
    for path, node in classes:
        title = (ast.get_docstring(node) or "").strip().partition("\n")[0].rstrip(".")
        if title:
            said.add(("", title), f"{path.relative_to(ROOT)}:{node.lineno}")
    _add_errors(said, trees, {node.name for _path, node in classes} | {"LiushuiError"})
    for path in sorted(PACKAGE.glob("*/templates/**/*")):
        if path.suffix in (".html", ".txt"):
            _add_template(path, said)
    return said


def _is_ours(path: Path) -> bool:
    return not {"tests", "migrations", "dist"} & set(path.relative_to(PACKAGE).parts)


def _add_call(call: ast.Call, said: Said, place: str) -> None:
    name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
    kind = "gettext" if name == "_" else name.removesuffix("_lazy").removesuffix("_noop")
    at = _SINGULAR_AT.get(kind)
    if at is None:
        return
    values = [argument.value if isinstance(argument, ast.Constant) else None for argument in call.args]
    if len(values) > at and isinstance(values[at], str) and values[at]:
        said.add((str(values[0]) if at else "", values[at]), place)


def _error_classes(trees: dict[Path, ast.Module]) -> Iterator[tuple[Path, ast.ClassDef]]:
    """LiushuiError's descendants, by the names of their bases; those of `app` speak to programs and terminals only."""
    classes = [
        (path, node) for path, tree in trees.items() for node in ast.walk(tree) if isinstance(node, ast.ClassDef)
    ]
    known = {"LiushuiError"}
    while True:
        more = {
            node.name
            for _path, node in classes
            if any(isinstance(base, ast.Name) and base.id in known for base in node.bases)
        }
        if more <= known:
            break
        known |= more
    for path, node in classes:
        if node.name in known - {"LiushuiError"} and path.relative_to(PACKAGE).parts[0] != "app":
            yield path, node


def _add_errors(said: Said, trees: dict[Path, ast.Module], names: set[str]) -> None:
    """The sentences of details and remedies, of errors with these names."""
    own = {path: tree for path, tree in trees.items() if path.relative_to(PACKAGE).parts[0] in SAYING}
    found = error_texts.read(own, errors=names, root=PACKAGE)
    prefix = PACKAGE.relative_to(ROOT)
    for shape, place in found.said.items():
        said.add((error_texts.CONTEXT, shape), f"{prefix}/{place}")
    for place, source in found.unread:
        if f"{place.partition(':')[0]}: {source}" not in MADE_ELSEWHERE:
            said.unread.append(f"{prefix}/{place}: {source} cannot be read as a sentence")


def _add_template(path: Path, said: Said) -> None:
    place = str(path.relative_to(ROOT))
    code = templatize(path.read_text(encoding="utf-8"), origin=place)
    for match in _CALL.finditer(code):
        call = _parsed(code, match)
        if call is not None:
            _add_call(call, said, f"{place}:{code.count(chr(10), 0, match.start()) + 1}")


def _parsed(code: str, match: re.Match[str]) -> ast.Call | None:
    """The call that begins here: templatize leaves real calls between letters that stand for the page's own text."""
    end = match.end()
    for _closing in range(20):
        end = code.find(")", end) + 1
        if end == 0:
            return None
        try:
            expression = ast.parse(code[match.start() : end].replace(",count)", ", 0)"), mode="eval").body
        except SyntaxError:
            continue
        return expression if isinstance(expression, ast.Call) else None
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
