"""The frame of every write here: one transaction that also tells other processes their lists are old."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import IntegrityError, transaction

from liushui.kernel.ids import new_id
from liushui.stores.errors import StoreConflict
from liushui.stores.models import DirectoryState
from liushui.stores.queries import forget_directory


@contextmanager
def directory_change() -> Iterator[None]:
    """A transaction; at its end every process's kept lists are void, this one's at once."""
    try:
        with transaction.atomic():
            yield
            DirectoryState.objects.update_or_create(id=1, defaults={"token": new_id()})
    except IntegrityError as error:
        raise StoreConflict(
            "A code or GLN of these is already taken", remedy="Give each store its own code and GLN."
        ) from error
    finally:
        forget_directory()
        transaction.on_commit(forget_directory)
