"""Modules hold ids of each other's things, never foreign keys: each can move to a database of its own."""

from __future__ import annotations

from django.apps import apps
from django.db import models


def test_no_foreign_key_crosses_a_module() -> None:
    ours = [config for config in apps.get_app_configs() if config.name.startswith("liushui.")]
    crossing = [
        f"{model.__name__}.{field.name} -> {field.related_model._meta.label}"
        for config in ours
        for model in config.get_models()
        for field in model._meta.get_fields()
        if isinstance(field, models.ForeignKey | models.OneToOneField | models.ManyToManyField)
        and field.related_model._meta.app_label != config.label
    ]
    assert crossing == []


def test_every_table_is_named_after_its_module() -> None:
    ours = [config for config in apps.get_app_configs() if config.name.startswith("liushui.")]
    strays = [
        model._meta.db_table
        for config in ours
        for model in config.get_models()
        if not model._meta.db_table.startswith(f"{config.label}_")
    ]
    assert strays == []
