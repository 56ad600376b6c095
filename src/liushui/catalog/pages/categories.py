"""The category tree."""

from __future__ import annotations

from collections import Counter

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from liushui.catalog import facade
from liushui.catalog.forms import CategoryForm, add_problem
from liushui.kernel.errors import LiushuiError, NotAllowed
from liushui.runtime.access import Principal
from liushui.runtime.web import page


@require_http_methods(["GET", "POST"])
@page(capability="catalog.read")
def category_tree(request: HttpRequest, *, principal: Principal) -> HttpResponse:
    """The categories with how many items they hold; a POST adds or renames one."""
    writable = sorted(principal.whole_chains("catalog.write"))
    form = CategoryForm(request.POST or None)
    if request.method == "POST":
        if not writable:
            raise NotAllowed("This needs the right 'catalog.write' in the whole chain")
        if form.is_valid():
            try:
                facade.change_category(category=form.new_category(chain_id=writable[0]), principal=principal)
            except LiushuiError as error:
                add_problem(form, error)
            else:
                messages.success(request, _("Saved."))
                return redirect("catalog:categories")
    chain_ids = principal.chains("catalog.read")
    below: Counter[tuple[int, str]] = Counter()
    for (chain_id, path), count in facade.items_per_category(chain_ids=chain_ids).items():
        codes = path.split("/")
        for depth in range(1, len(codes) + 1):
            below[chain_id, "/".join(codes[:depth])] += count
    rows = [
        {"category": node, "depth": node.path.count("/"), "items": below[node.chain_id, node.path]}
        for node in facade.categories(chain_ids=chain_ids)
    ]
    context = {"rows": rows, "form": form if writable else None}
    return render(request, "catalog/categories.html", context, status=422 if form.errors else 200)
