"""What sources send of people that is not theirs to keep here: hidden at the door, before anything
is kept or made of it.

A phone number, an e-mail address, an identity card or a bank card in a text is replaced; so are the values of a
member's attributes that are called as a person's are. Ids, receipt numbers and codes stay: sales are found by them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import msgspec

from liushui.checkout.contracts import CompleteSale, LineCommand
from liushui.runtime.scrub import HIDDEN, scrubbed

# Cheap to look for, and in few bodies: digits enough for a mobile number or a card, an @, escaped or full-width signs.
_MAY = (
    r"@|%40|\\u(?:00|ff|FF)|1[3-9][0-9][ -]?[0-9]{4}[ -]?[0-9]{4}|[0-9](?<![0-9]{2})[0-9]{14,18}(?![0-9])"
    r"|[0-9]{4}[ -][0-9]{4}[ -][0-9]{4}|[\uff10-\uff19]"
)
_MAY_BYTES = re.compile(_MAY.replace(r"[\uff10-\uff19]", "\uff11|\uff0b").encode())
_MAY_TEXT = re.compile(_MAY)
_SALE_KEPT = frozenset(
    {"id", "store", "chain", "currency", "channel", "completed_at", "receipt_number", "codes", "approval"}
)
_LINE_KEPT = frozenset({"code", "original", "measure_unit"})
_ENGLISH = (
    *("name", "fullname", "realname", "surname", "nickname", "mobile", "phone", "telephone", "tel", "email", "mail"),
    *("address", "birthday", "birthdate", "idcard", "plate", "wechat", "openid"),
)
_CHINESE = (
    *("姓名", "名字", "称呼", "昵称", "电话", "手机", "手机号", "手机号码", "联系电话", "邮箱", "电子邮箱", "地址"),
    *("收货地址", "生日", "身份证", "身份证号", "车牌", "车牌号"),
)
_PERSONS = frozenset((*_ENGLISH, *_CHINESE))


def hidden_text(text: str) -> str:
    """A text without what names a person; the same text when there is nothing."""
    if not _MAY_TEXT.search(text):
        return text
    plain = unicodedata.normalize("NFKC", text)  # full-width digits are digits
    found = str(scrubbed(plain))
    return text if found == plain else found


def hidden_body(body: bytes) -> bytes:
    """The body of a sale or of a batch of sales as it may be kept. Untouched, byte for byte, where there is nothing to
    hide and where it is no JSON; else written anew."""
    if not _MAY_BYTES.search(body):
        return body
    try:
        sent = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return body
    kept = _sales(sent)
    return body if kept == sent else msgspec.json.encode(kept)


def hidden_sale(sale: Any) -> Any:
    """A sale as JSON, as it may be kept for mending."""
    if not isinstance(sale, Mapping):
        return _plain(sale)
    found: dict[Any, Any] = {}
    for key, value in sale.items():
        match key:
            case "lines":
                found[key] = _each(value, _line)
            case "member":
                found[key] = _member(value)
            case _:
                found[key] = value if key in _SALE_KEPT else _plain(value)
    return found


def hidden_command(command: CompleteSale) -> CompleteSale:
    """A sale that was read from a file, its texts as they may be kept."""
    lines = tuple([_hidden_line(line) for line in command.lines])
    tenders = tuple([replace(each, method=hidden_text(each.method)) for each in command.tenders])
    return replace(
        command,
        lines=lines,
        tenders=tenders,
        workstation=hidden_text(command.workstation),
        operator=hidden_text(command.operator),
        customer=hidden_text(command.customer),
    )


def hidden_cells(value: Any) -> Any:
    """Rows of a file, details and reasons: every text of them."""
    return _plain(value)


def _sales(sent: Any) -> Any:
    if isinstance(sent, list):
        return [hidden_sale(each) for each in sent]
    if isinstance(sent, dict) and isinstance(sent.get("sales"), list):
        return {
            _plain(key): [hidden_sale(each) for each in value] if key == "sales" else _plain(value)
            for key, value in sent.items()
        }
    return hidden_sale(sent)


def _each(value: Any, change: Callable[[Any], Any]) -> Any:
    return [change(each) for each in value] if isinstance(value, list | tuple) else _plain(value)


def _line(line: Any) -> Any:
    if not isinstance(line, Mapping):
        return _plain(line)
    return {key: value if key in _LINE_KEPT else _plain(value) for key, value in line.items()}


def _member(member: Any) -> Any:
    if not isinstance(member, Mapping):
        return _plain(member)
    return {
        key: _attributes(value) if key == "attributes" and isinstance(value, Mapping) else _plain(value)
        for key, value in member.items()
    }


def _attributes(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        hidden_text(name): HIDDEN if _is_of_a_person(name) and value not in ("", None) else _plain(value)
        for name, value in values.items()
    }


def _is_of_a_person(name: str) -> bool:
    return "".join(sign for sign in name.lower() if sign.isalnum()) in _PERSONS


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return hidden_text(value)
    if isinstance(value, Mapping):
        return {_plain(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return scrubbed(value) if type(value) is int else value


def _hidden_line(line: LineCommand) -> LineCommand:
    name, category = hidden_text(line.name), hidden_text(line.category)
    discounts = line.discounts
    if discounts:
        discounts = tuple([replace(part, name=hidden_text(part.name)) for part in discounts])
    if (name, category) == (line.name, line.category) and discounts == line.discounts:
        return line
    return replace(line, name=name, category=category, discounts=discounts)
