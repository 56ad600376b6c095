"""The second wall: which rows the database itself shows to whoever asks at this moment (PostgreSQL, row security).

The query layer filters by place. Should it once forget to, the database still shows the web server no row of a store
outside the reader's grants: a request speaks under the role WEB_ROLE, which is bound by policies, and says in settings
which stores it is for. Everything else (commands, worker, migrations) speaks as the owner of the tables, which is not
bound. SQLite has no such thing: there this module changes nothing. docs/concepts/row-security.md
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from django.http import FileResponse, HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase

from liushui.runtime.access import Principal, SystemPrincipal, expand_grants

WEB_ROLE = "liushui_web"  # of the whole server, without login; whoever logs in for Liushui is a member of it


@dataclass(frozen=True, slots=True)
class Scope:
    """What may be touched. `settings` are the ids of stores, of chains and of whole chains, each joined by commas;
    None is everything."""

    settings: tuple[str, str, str] | None

    @property
    def is_bound(self) -> bool:
        """Whether the database is to look at every row."""
        return self.settings is not None


EVERYTHING = Scope(None)
NOTHING = Scope(("", "", ""))
SETTINGS = ("liushui.stores", "liushui.chains", "liushui.whole_chains")

_process_scope = EVERYTHING  # what holds where nobody has said anything
_scope: ContextVar[Scope | None] = ContextVar("liushui_row_scope", default=None)


def current() -> Scope:
    """What may be touched by the next statement of this thread."""
    return _scope.get() or _process_scope


def is_bound() -> bool:
    """Whether the database looks at every row now. COPY FROM is refused then: PostgreSQL has no row security for it."""
    return current().is_bound


def bind_process() -> None:
    """From here on, what says nothing else touches nothing: called once by the process that serves requests."""
    global _process_scope
    _process_scope = NOTHING


def enter(principal: Principal) -> None:
    """For the rest of this request, touch what the principal's grants reach, whatever the capability.

    Called by whoever finds out who speaks. Outside of a request, where everything may be touched, it changes nothing.
    """
    if is_bound():
        _scope.set(scope_of(principal))


def enter_chain(*, chain_id: int, store_ids: Iterable[int]) -> None:
    """As `enter`, for a request of somebody outside the staff, such as a shopper: one chain with its stores, of which
    the query layer shows him what is his. What only readers of a whole chain see stays shut."""
    if is_bound():
        _scope.set(Scope((_joined(store_ids), str(chain_id), "")))


def scope_of(principal: Principal) -> Scope:
    """The stores of all grants together, their chains, and the chains that are theirs as a whole."""
    if isinstance(principal, SystemPrincipal):
        return EVERYTHING
    grants = principal.grants
    return Scope(
        (
            _joined(expand_grants(grants)),
            _joined({grant.chain_id for grant in grants}),
            _joined({grant.chain_id for grant in grants if grant.covers_chain()}),
        )
    )


@contextmanager
def entered(scope: Scope) -> Iterator[None]:
    """Touch this and nothing else inside the block."""
    token = _scope.set(scope)
    try:
        yield
    finally:
        _scope.reset(token)


@contextmanager
def everything() -> Iterator[None]:
    """Touch everything inside the block: for the few questions whose answer is not the asker's to limit, such as
    whether this sale was sent before. Keep it as short as the one call that needs it."""
    with entered(EVERYTHING):
        yield


class RowSecurityMiddleware:
    """A request begins with nothing that it may touch, and leaves nothing behind; the outermost middleware.

    What is streamed is read after the view has returned: each piece is made in the scope that the request ended with.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        with entered(NOTHING):
            response = self.get_response(request)
            scope = current()
        if isinstance(response, StreamingHttpResponse) and not isinstance(response, FileResponse):
            response.streaming_content = _pieces(response.streaming_content, scope)
        return response


def _pieces(content: Any, scope: Scope) -> Iterator[Any]:
    pieces = iter(content)
    while True:
        # Not around the whole loop: between two pieces this thread may do something else.
        with entered(scope):
            try:
                piece = next(pieces)
            except StopIteration:
                return
        yield piece


def _joined(ids: Iterable[int]) -> str:
    return ",".join(map(str, sorted(ids)))
