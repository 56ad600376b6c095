"""Tables of the plumbing: events out and in, the audit log, staff, and who holds which role where."""

from __future__ import annotations

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models.functions import Coalesce
from django.utils.crypto import salted_hmac


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
    must_change_password = models.BooleanField(default=False)  # somebody else made the present one and has seen it
    sessions_epoch = models.IntegerField(default=0)  # counted up, it ends every session there is

    USERNAME_FIELD = "username"
    objects = StaffUserManager()

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """Sessions carry this; they end when the password or the epoch becomes another."""
        signed = f"{self.sessions_epoch}:{self.password}"
        return salted_hmac("liushui.runtime.StaffUser", signed, secret=secret, algorithm="sha256").hexdigest()


class SecondFactor(models.Model):
    """What someone has besides the password: an app that makes one-time codes, or a passkey."""

    id = models.UUIDField(primary_key=True)  # UUIDv7
    user = models.ForeignKey(StaffUser, on_delete=models.CASCADE)
    kind = models.CharField(max_length=8)  # totp, passkey
    name = models.CharField(max_length=64)
    sealed_key = models.TextField(blank=True, default="")  # totp: the shared key, encrypted (sealed.py)
    credential_sha256 = models.CharField(max_length=64, null=True, unique=True)  # passkey: of its credential id
    credential = models.BinaryField(null=True)  # passkey: attested credential data (WebAuthn, section 6.5.2)
    counter = models.BigIntegerField(default=0)  # totp: the last 30 s step used; passkey: its signature counter
    created_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user"], condition=models.Q(kind="totp"), name="second_factor_one_totp"),
            models.CheckConstraint(condition=models.Q(kind__in=["totp", "passkey"]), name="second_factor_kind"),
        ]


class RecoveryCode(models.Model):
    """A code that stands in for a second factor, once."""

    user = models.ForeignKey(StaffUser, on_delete=models.CASCADE)
    code_hmac = models.CharField(max_length=64)
    used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "code_hmac"], name="recovery_code_once")]


class StaffSession(models.Model):
    """A sign-in, as its owner sees it among his own; the session itself is Django's."""

    id = models.UUIDField(primary_key=True)  # UUIDv7: names it on pages, where the key must not appear
    user = models.ForeignKey(StaffUser, on_delete=models.CASCADE)
    session_key = models.CharField(max_length=40, unique=True)
    begun_at = models.DateTimeField()
    way = models.CharField(max_length=12)  # password, totp, passkey, recovery: what completed the sign-in
    address = models.CharField(max_length=64, blank=True)
    agent = models.CharField(max_length=200, blank=True)


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
    kind = models.CharField(max_length=8, default="machine")  # one of api_clients.KINDS
    chain_id = models.BigIntegerField(null=True)  # app, till: whose people may use it; a machine has grants instead
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


class TillDevice(models.Model):
    """A browser or a native app that was enrolled as the till of a workstation: it holds a secret, we its SHA-256."""

    id = models.UUIDField(primary_key=True)  # UUIDv7
    workstation_id = models.BigIntegerField()
    workstation_code = models.CharField(max_length=32)
    store_id = models.BigIntegerField(db_index=True)
    chain_id = models.BigIntegerField()
    name = models.CharField(max_length=64)
    credential_sha256 = models.CharField(max_length=64, unique=True)
    enrolled_by = models.CharField(max_length=128)
    enrolled_by_name = models.CharField(max_length=128)
    enrolled_at = models.DateTimeField()
    last_seen_at = models.DateTimeField(null=True)  # to the minute
    revoked_at = models.DateTimeField(null=True)
    revoked_by = models.CharField(max_length=128, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workstation_id"],
                condition=models.Q(revoked_at__isnull=True),
                name="till_device_of_workstation",
            ),
        ]


class TillSession(models.Model):
    """An operator at an enrolled till, from badge or PIN to the sign-out; locked when nobody touched it for long."""

    id = models.UUIDField(primary_key=True)  # UUIDv7
    device_id = models.UUIDField(db_index=True)
    user = models.ForeignKey(StaffUser, on_delete=models.CASCADE)
    token_sha256 = models.CharField(max_length=64, unique=True)
    begun_at = models.DateTimeField()
    touched_at = models.DateTimeField()  # to half a minute
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["device_id"], condition=models.Q(ended_at__isnull=True), name="till_session_of_device"
            ),
        ]


class TillEnrolment(models.Model):
    """A device that asked for a code (RFC 8628), what a manager made of it, and the device that came of it."""

    device_code_sha256 = models.CharField(max_length=64, primary_key=True)
    user_code = models.CharField(max_length=16, unique=True)
    address = models.CharField(max_length=64, blank=True)  # of the device, shown to who confirms (RFC 8628, 5.4)
    user_agent = models.CharField(max_length=200, blank=True)
    asked_at = models.DateTimeField()
    store_id = models.BigIntegerField(null=True)
    chain_id = models.BigIntegerField(null=True)
    workstation_id = models.BigIntegerField(null=True)
    workstation_code = models.CharField(max_length=32, blank=True)
    name = models.CharField(max_length=64, blank=True)
    confirmed_by = models.CharField(max_length=128, blank=True)
    confirmed_by_name = models.CharField(max_length=128, blank=True)
    confirmed_at = models.DateTimeField(null=True)
    token_sha256 = models.CharField(
        max_length=64, null=True, unique=True
    )  # the access token that it got, good for once
    used_at = models.DateTimeField(null=True)


class OAuthCodeUse(models.Model):
    """An authorization code that was exchanged: a second exchange ends the tokens of the first (RFC 6749, 4.1.2)."""

    code_sha256 = models.CharField(max_length=64, primary_key=True)
    token_family = models.UUIDField(null=True)
    used_at = models.DateTimeField(db_index=True)
