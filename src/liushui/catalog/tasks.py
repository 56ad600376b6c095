"""Background jobs of the catalogue, run by the worker."""

from __future__ import annotations

from uuid import UUID

from django_tasks import task

from liushui.catalog import facade


@task()
def run_import(run_id: str) -> None:
    """Run a started import. Safe to run again."""
    facade.run_import(run_id=UUID(run_id))
