"""A process of its own: a shop in which a member does all that members do, with all written down that a server writes.

Prints what the test looks for. The data folder, the log and the backup are the test's to search.
"""

from __future__ import annotations

import hashlib
import hmac
import io
import json
import sys
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import django

django.setup()

import structlog  # noqa: E402
from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.test import Client  # noqa: E402
from tests.security import leaking_sources as sources  # noqa: E402
from tests.support.sign_in import sign_in  # noqa: E402

from liushui.app.backup import make_backup  # noqa: E402
from liushui.app.consumers import CONSUMERS, TICKS  # noqa: E402
from liushui.checkout import facade as checkout  # noqa: E402
from liushui.checkout.contracts import CompleteSale, LineCommand  # noqa: E402
from liushui.loyalty import facade as loyalty  # noqa: E402
from liushui.privacy import facade as privacy  # noqa: E402
from liushui.privacy import keys  # noqa: E402
from liushui.runtime import worker  # noqa: E402
from liushui.runtime.access import Grant, Principal  # noqa: E402
from liushui.runtime.grants import grant, staff_subject, system_principal  # noqa: E402
from liushui.runtime.models import StaffUser  # noqa: E402
from liushui.stores import facade as stores  # noqa: E402
from liushui.stores.contracts import NewStore  # noqa: E402

PHONE, NAME, MAIL, PLATE, BORN = "13612349876", "欧阳若兰", "ruolan.oy@mail.example", "沪BD09321", "1988-11-23"
EXPORTS = ("members", "members/liability", "members/tiers", "orders", "reports/sales")
_logger = structlog.get_logger("leaking")


def main(folder: Path) -> None:
    """Live through a member's days; the backup goes beside the data folder."""
    now, me = datetime.now(UTC), system_principal(name="test")
    chain = stores.save_chain(code="tea", name_zh="茶馆", name_en="Tea", currency="CNY")
    stores.save_region(chain_code="tea", code="r1", name_zh="东", name_en="East")
    stores.save_stores(stores=[NewStore(chain_code="tea", region_code="r1", code="S1", name_zh="一店", name_en="One")])
    member = loyalty.join(
        chain_id=chain.id, phone=PHONE, name=NAME, birthday=BORN, email=MAIL, channel="till",
        consents={"membership": "1", "marketing": "1"}, now=now,
    ).member  # fmt: skip
    subject_id = member.subject_id
    assert subject_id is not None
    sale = checkout.complete_sale(
        command=CompleteSale(
            source="test", source_id="1", store="S1", completed_at=now, customer=member.number,
            accept_unknown_items=True, lines=(LineCommand(code="tea", amount_minor=1000, name="Tea"),),
        ),
        principal=me, now=now,
    )  # fmt: skip
    sent = sources.send(chain_id=chain.id, number=member.number, phone=PHONE, mail=MAIL, name=NAME)
    imported = sources.take_file(folder=folder, phone=PHONE, mail=MAIL)
    browse()
    privacy.update_subject(
        subject_id=subject_id, fields={"plate": PLATE}, principal=None, now=now,
        reason=f"she called from {PHONE} and wrote from {MAIL}",
    )  # fmt: skip
    clerk = Principal(subject="staff:1", name="Clerk", grants=(Grant(role="it_admin", chain_id=chain.id),))
    shown = privacy.reveal(
        subject_id=subject_id, fields=("phone",), reason="she asked", principal=clerk, proved_at=now, now=now
    )
    assert shown["phone"] == f"+86{PHONE}"
    privacy.export_subject(subject_id=subject_id, principal=None, reason="own request", proved_at=None, now=now)
    privacy.send_message(
        chain_id=chain.id, subject_id=subject_id, channel="sms", text="Offers", purpose="marketing", now=now
    )
    go_wrong()
    worker.run(consumers=CONSUMERS, ticks=TICKS, once=True)
    take_out(folder, chain.id)
    (folder / "metrics.txt").write_bytes(Client(REMOTE_ADDR="127.0.0.1").get("/metrics").content)
    make_backup(path=folder / "before.tar.gz")
    before = privacy.scan(folders=[Path(settings.LIUSHUI.data_dir)])

    privacy.erase_subject(subject_id=subject_id, reason="own request", principal=None, now=now + timedelta(minutes=1))
    worker.run(consumers=CONSUMERS, ticks=TICKS, once=True)
    make_backup(path=folder / "after.tar.gz")
    privacy.apply_retention(now=now + timedelta(hours=2))  # codes and counters of the hour
    make_backup(path=folder / "later.tar.gz")
    sys.stdout.write(
        json.dumps(
            {
                "leaks": [leak.where for leak in before.leaks], "columns": before.columns, "rows": before.rows,
                "subject": str(subject_id), "member": str(member.id), "number": member.number,
                "sale": str(sale.sale_id), "sent": sent, "imported": imported, "digests": digests(chain.id),
            }
        )
    )  # fmt: skip


def digests(chain_id: int) -> dict[str, str]:
    """What somebody who has the keys could make of the phone and the address, to look for it."""
    found = {}
    ring = keys.ring()
    for field, plain in (("phone", f"+86{PHONE}"), ("email", MAIL)):
        for secret in ring.index_secrets.values():
            for named in (field, f"code:{field}"):
                key = keys.index_key(secret=secret, chain_id=chain_id, field=named)
                found[f"index of {named}"] = hmac.digest(key, plain.encode(), "sha256").hex()
        for written in (plain, plain.removeprefix("+86")):
            for algorithm in ("md5", "sha1", "sha256"):
                found[f"{algorithm} of {written[:2]}…"] = hashlib.new(algorithm, written.encode()).hexdigest()
    return found


def browse() -> None:
    """The phone in forms and, as nobody should, in addresses."""
    client = Client(headers={"accept-language": "en"})
    for path in ("/my/", "/orders/", "/members/", "/api/v1/items", "/nowhere/"):
        client.get(path, {"phone": PHONE, "q": MAIL})
    client.post("/my/sign-in/", {"phone": PHONE})
    client.post("/my/code/", {"code": "000000"})
    last = json.loads((Path(settings.LIUSHUI.data_dir) / "outbox" / "messages.jsonl").read_text().splitlines()[-1])
    code = next(word for word in last["text"].split() if word.isdigit() and len(word) == 6)
    client.post("/my/code/", {"code": code})
    for path in ("/my/", "/my/receipts/", "/my/account/", "/my/privacy/"):
        assert client.get(path).status_code == 200, path
    client.post("/my/privacy/correct/", {"name": NAME, "birthday": "1988-13-77", "email": MAIL})
    client.post("/my/privacy/export/", {"form": "html"})


def take_out(folder: Path, chain_id: int) -> None:
    """Lists and reports as files, by staff who may; workbooks are unpacked for the search."""
    user = StaffUser.objects.create_user(username="manager", password="not-of-a-person-9")
    given = Grant(role="store_manager", chain_id=chain_id)
    grant(subject=staff_subject(user.pk), grant=given, granted_by=system_principal(name="test"))
    client = sign_in(Client(headers={"accept-language": "en"}), user)
    for name in EXPORTS:
        for form in ("csv", "xlsx"):
            answer = client.get(f"/{name}/export/", {"format": form, "days": "7"})
            assert answer.status_code == 200, (name, answer.status_code)
            content = b"".join(answer.streaming_content) if answer.streaming else answer.content
            if form == "xlsx":
                with zipfile.ZipFile(io.BytesIO(content)) as book:
                    content = b"\n".join(book.read(part) for part in book.namelist())
            (folder / f"export-{name.replace('/', '-')}.{form}").write_bytes(content)


def go_wrong() -> None:
    """What somebody may log who does not think."""
    for level in ("info", "error"):
        getattr(_logger, level)(f"called {PHONE}", mail=MAIL, phone=f"+86 {PHONE[:3]} {PHONE[3:7]} {PHONE[7:]}")
    try:
        raise ValueError(f"no member has {PHONE} or {MAIL}")
    except ValueError:
        _logger.exception("lookup_failed", number=int(PHONE))


call_command("migrate", verbosity=0)
main(Path(sys.argv[1]))
