"""The door of privacy: personal data, kept encrypted, shown masked, exported and erased on request."""

from __future__ import annotations

from liushui.privacy.actions.create_subject import create_subject
from liushui.privacy.actions.update_subject import touch_subjects, update_subject
from liushui.privacy.queries import birthday_of, find_subjects, masked, normalise, proof, proofs, subject
from liushui.privacy.registry import fields as registered_fields
from liushui.privacy.registry import register_fields, register_source

__all__ = [
    "birthday_of",
    "create_subject",
    "find_subjects",
    "masked",
    "normalise",
    "proof",
    "proofs",
    "register_fields",
    "register_source",
    "registered_fields",
    "subject",
    "touch_subjects",
    "update_subject",
]
