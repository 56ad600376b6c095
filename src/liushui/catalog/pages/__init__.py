"""Console pages of the catalogue."""

from __future__ import annotations

from django.urls import path
from django.utils.translation import gettext_lazy as _

from liushui.catalog.pages import categories, imports, items
from liushui.runtime.menu import MenuEntry

app_name = "catalog"
urlpatterns = [
    path("catalog/items/", items.item_list, name="items"),
    path("catalog/items/export/", items.item_export, name="export"),
    path("catalog/items/new/", items.item_new, name="item-new"),
    path("catalog/items/<int:item_id>/", items.item_detail, name="item"),
    path("catalog/items/<int:item_id>/edit/", items.item_edit, name="item-edit"),
    path("catalog/categories/", categories.category_tree, name="categories"),
    path("catalog/imports/", imports.import_list, name="imports"),
    path("catalog/imports/template/", imports.template, name="template"),
    path("catalog/imports/<uuid:run_id>/", imports.import_detail, name="import"),
    path("catalog/imports/<uuid:run_id>/progress/", imports.progress, name="progress"),
    path("catalog/imports/<uuid:run_id>/wrong-rows/", imports.wrong_rows, name="wrong-rows"),
]
MENU = (
    MenuEntry(section="catalog", title=_("Items"), url_name="catalog:items", capability="catalog.read", position=0),
    MenuEntry(
        section="catalog", title=_("Categories"), url_name="catalog:categories", capability="catalog.read", position=10
    ),
    MenuEntry(
        section="catalog", title=_("Item imports"), url_name="catalog:imports", capability="catalog.write", position=20
    ),
)
