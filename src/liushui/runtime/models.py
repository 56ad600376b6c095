"""Tables of the plumbing: events out and in, the audit log, staff, and who holds which role where."""

from __future__ import annotations

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models.functions import Coalesce


class OutboxEvent(models.Model):
    """One event, written in the transaction that made it true; the relay numbers it when it publishes it."""

    id = models.UUIDField(primary_key=True)  # UUIDv7: with `source` the CloudEvents identity
    source = models.CharField(max_length=64)
    type = models.CharField(max_length=96)
    subject = models.CharField(max_length=128)
    time = models.DateTimeField()
    data = models.BinaryField()  # JSON, UTF-8
    seq = models.BigIntegerField(null=True, unique=True)  # given at publish time, without gaps

    class Meta:
        indexes = [models.Index(fields=["id"], name="outbox_unpublished", condition=models.Q(seq__isnull=True))]


class RelayState(models.Model):
    """The single row whose lock makes one relay the only one, and which knows the last seq given."""

    id = models.SmallIntegerField(primary_key=True)
    last_seq = models.BigIntegerField(default=0)


class ConsumerPosition(models.Model):
    """How far a consumer has read the log: moved in the transaction of its effects.

    The rest says what stops it, for people who must mend it: empty while it goes well.
    """

    consumer = models.CharField(max_length=64, primary_key=True)
    seq = models.BigIntegerField(default=0)
    failures = models.IntegerField(default=0)  # since it last moved
    failed_at = models.DateTimeField(null=True)
    failed_event_id = models.UUIDField(null=True)  # the single event it cannot apply, once that is known
    failure = models.TextField(blank=True, default="")


class InboxEvent(models.Model):
    """An event id that a consumer has applied; a second arrival finds it here and does nothing."""

    pk = models.CompositePrimaryKey("consumer", "event_id")
    consumer = models.CharField(max_length=64)
    event_id = models.UUIDField()


class AuditEntry(models.Model):
    """Who did what to which thing, from where, with the values before and after. Rows are never changed."""

    id = models.UUIDField(primary_key=True)
    at = models.DateTimeField(db_index=True)
    subject = models.CharField(max_length=128, db_index=True)  # staff:12, client:abc, system
    subject_name = models.CharField(max_length=128)
    action = models.CharField(max_length=64)  # sale.void, catalog.import
    target = models.CharField(max_length=160, db_index=True)  # sale:0199…, item:S001
    chain_id = models.BigIntegerField(null=True)  # with store_id: whose auditors may read the line
    store_id = models.BigIntegerField(null=True)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    address = models.CharField(max_length=64, blank=True)
    reason = models.CharField(max_length=400, blank=True)


class StaffUserManager(BaseUserManager["StaffUser"]):
    """Makes staff accounts with a hashed password."""

    def create_user(self, *, username: str, password: str, display_name: str = "", language: str = "") -> StaffUser:
        user = self.model(username=username, display_name=display_name or username, language=language)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> StaffUser:
        return self.get(username=username)


class StaffUser(AbstractBaseUser):
    """Someone who works for the chain and signs in to the console."""

    username = models.CharField(max_length=64, unique=True)
    display_name = models.CharField(max_length=128)
    language = models.CharField(max_length=16, blank=True)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    USERNAME_FIELD = "username"
    objects = StaffUserManager()


class GrantRow(models.Model):
    """A role held by a subject within a chain, a region of it or one store."""

    subject = models.CharField(max_length=128, db_index=True)  # staff:12, client:abc
    role = models.CharField(max_length=32)
    chain_id = models.BigIntegerField()
    region_id = models.BigIntegerField(null=True)
    store_id = models.BigIntegerField(null=True)
    granted_by = models.CharField(max_length=128)
    granted_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)  # from then on it gives nothing

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "subject",
                "role",
                "chain_id",
                Coalesce("region_id", 0),  # SQLite holds two NULLs to be different
                Coalesce("store_id", 0),
                name="grant_once",
            ),
        ]


class ApiClient(models.Model):
    """What the chain calls an OAuth client, and the source name that its sales carry."""

    client_id = models.CharField(max_length=100, primary_key=True)
    name = models.CharField(max_length=128)
    source = models.CharField(max_length=64, unique=True)  # never given to another client, not even after revocation
    scopes = models.JSONField(default=list)  # capability names that its tokens may ask for
    created_by = models.CharField(max_length=128, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    rotated_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)


class ApprovalRow(models.Model):
    """Something that one person asks for and another decides; see approvals.py."""

    id = models.UUIDField(primary_key=True)  # UUIDv7
    kind = models.CharField(max_length=48)  # till.line_void, payment.case …
    target = models.CharField(max_length=160)  # ticket:0199…, sale:0199…
    chain_id = models.BigIntegerField()
    store_id = models.BigIntegerField(null=True)  # null: a matter of the whole chain
    payload = models.JSONField(default=dict)
    amount_minor = models.BigIntegerField(null=True)
    currency = models.CharField(max_length=3, blank=True)
    reason = models.CharField(max_length=400)
    requested_by = models.CharField(max_length=128)
    requested_by_name = models.CharField(max_length=128)
    requested_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    state = models.CharField(max_length=12, default="pending")
    decided_by = models.CharField(max_length=128, blank=True)
    decided_by_name = models.CharField(max_length=128, blank=True)
    decided_at = models.DateTimeField(null=True)
    decision_reason = models.CharField(max_length=400, blank=True)
    used_at = models.DateTimeField(null=True)  # when what was approved was done: an approval is good for once

    class Meta:
        indexes = [models.Index(fields=["state", "chain_id", "store_id"], name="approval_by_state")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=["pending", "approved", "rejected", "withdrawn"]), name="approval_state"
            ),
            models.CheckConstraint(
                condition=~models.Q(decided_by=models.F("requested_by")) | models.Q(decided_by=""),
                name="approval_by_another",
            ),
        ]


class OperatorCredential(models.Model):
    """What a member of staff shows at an enrolled till: a badge, a PIN, or both. Useless anywhere else."""

    user = models.OneToOneField(StaffUser, on_delete=models.CASCADE, primary_key=True)
    badge_sha256 = models.CharField(max_length=64, null=True, unique=True)
    pin_hash = models.CharField(max_length=256, blank=True)
    failures = models.SmallIntegerField(default=0)  # since the last success
    locked_until = models.DateTimeField(null=True)
    changed_at = models.DateTimeField()
    changed_by = models.CharField(max_length=128)
