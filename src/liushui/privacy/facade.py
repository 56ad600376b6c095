"""The door of privacy: personal data, kept encrypted, shown masked, exported and erased on request."""

from __future__ import annotations

from liushui.privacy.actions.apply_retention import apply_retention
from liushui.privacy.actions.create_subject import create_subject
from liushui.privacy.actions.erase_subject import erase_subject, resume_erasures
from liushui.privacy.actions.export_subject import export_subject
from liushui.privacy.actions.keep_consents import give_consent, publish_notice, withdraw_consent
from liushui.privacy.actions.one_time_codes import check_code, request_code
from liushui.privacy.actions.reveal import reveal
from liushui.privacy.actions.rotate_index import drop_old_index, forget_old_rows, reindex, unindexed
from liushui.privacy.actions.rotate_keys import keys_in_use, rewrap_keys
from liushui.privacy.actions.send_message import send_message
from liushui.privacy.actions.update_subject import touch_subjects, update_subject
from liushui.privacy.consent_queries import (
    consent_history,
    consents,
    current_notice,
    current_notices,
    has_consent,
    notice,
    with_consent,
)
from liushui.privacy.keys import (
    FILE_NAME,
    add_key,
    change_index_secret,
    drop_keys,
    generated,
    is_index_changing,
    key_file,
    set_wrapper,
)
from liushui.privacy.messages import register_sender
from liushui.privacy.queries import (
    birthday_of,
    find_subjects,
    living,
    mask,
    masked,
    normalise,
    own_data,
    proof,
    proofs,
    subject,
)
from liushui.privacy.rates import give_back as give_back_turn
from liushui.privacy.rates import take as take_turn
from liushui.privacy.rates import window_end
from liushui.privacy.registry import fields as registered_fields
from liushui.privacy.registry import register_fields, register_source
from liushui.privacy.scanning import scan

__all__ = [
    "FILE_NAME",
    "add_key",
    "apply_retention",
    "birthday_of",
    "change_index_secret",
    "check_code",
    "consent_history",
    "consents",
    "create_subject",
    "current_notice",
    "current_notices",
    "drop_keys",
    "drop_old_index",
    "erase_subject",
    "export_subject",
    "find_subjects",
    "forget_old_rows",
    "generated",
    "give_back_turn",
    "give_consent",
    "has_consent",
    "is_index_changing",
    "key_file",
    "keys_in_use",
    "living",
    "mask",
    "masked",
    "normalise",
    "notice",
    "own_data",
    "proof",
    "proofs",
    "publish_notice",
    "register_fields",
    "register_sender",
    "register_source",
    "registered_fields",
    "reindex",
    "request_code",
    "resume_erasures",
    "reveal",
    "rewrap_keys",
    "scan",
    "send_message",
    "set_wrapper",
    "subject",
    "take_turn",
    "touch_subjects",
    "unindexed",
    "update_subject",
    "window_end",
    "with_consent",
    "withdraw_consent",
]
