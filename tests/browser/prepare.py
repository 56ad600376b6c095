"""A process of its own: makes the database and the chain of tests/support/world.py, prints what tests need to know.

With --untouched no till has been sold at: for a story that closes the day.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY  # noqa: E402
from django.contrib.sessions.backends.db import SessionStore  # noqa: E402
from django.core.management import call_command  # noqa: E402
from tests.architecture.payment_things import payment_things  # noqa: E402
from tests.support import world, world_tills  # noqa: E402
from tests.support.backtests import finished_backtest  # noqa: E402
from tests.support.coupon_world import coupon_world  # noqa: E402
from tests.support.member_world import earn, member_world  # noqa: E402
from tests.support.promotion_world import promotion_world  # noqa: E402
from tests.support.till_days import closed_yesterday  # noqa: E402

from liushui.runtime import approvals  # noqa: E402
from liushui.runtime.grants import staff_principal  # noqa: E402
from liushui.runtime.models import StaffUser  # noqa: E402
from liushui.runtime.step_up import VERIFIED_AT  # noqa: E402


def session_of(user: StaffUser) -> str:
    """A session in which this person is signed in, so that only one test has to type a password."""
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session[VERIFIED_AT] = int(datetime.now(UTC).timestamp())
    session.create()
    return str(session.session_key)


call_command("migrate", verbosity=0)
made = world.build()
staff = {name: staff_principal(StaffUser.objects.get(pk=key)) for name, key in made.staff.items()}
promotions = promotion_world(
    chain_id=made.stores["E1"].chain_id, maker=staff["marketer"], checker=staff["finance"]
)  # fmt: skip
members = member_world(
    store=made.stores["E1"], maker=staff["marketer"], checker=staff["finance"], asker=staff["manager"]
)
earn(members.member, made.sale_ids["E1"][:4])
cashier = staff_principal(StaffUser.objects.get(pk=made.staff["cashier"]))
asked = [
    approvals.request(
        kind="till.line_void", target=f"sale:{made.sale_ids['E1'][number]}", chain_id=made.stores["E1"].chain_id,
        store_id=made.stores["E1"].id, reason=f"扫了两次 Scanned twice ({number})", principal=cashier,
        now=datetime.now(UTC), amount_minor=1250 * number, currency="CNY",
    )
    for number in range(1, 5)
]  # fmt: skip
facts = {
    "today": made.today.isoformat(),
    "sessions": {user.username: session_of(user) for user in StaffUser.objects.filter(pk__in=made.staff.values())},
    "sale_ids": {code: [str(sale_id) for sale_id in ids] for code, ids in made.sale_ids.items()},
    "store_ids": {code: store.id for code, store in made.stores.items()},
    "client_id": made.client_id,
    "entry_ids": [str(entry_id) for entry_id in made.quarantined_ids],
    "import_id": str(made.import_id),
    "item_import_id": str(made.item_import_id),
    "item_ids": dict(made.item_ids),
    "staff": dict(made.staff),
    "backtest_id": str(
        finished_backtest(
            chain_id=made.stores["E1"].chain_id,
            store_ids=[store.id for store in made.stores.values() if store.chain_id == made.stores["E1"].chain_id],
            first=made.today - timedelta(days=30),
            last=made.today,
            principal=staff["marketer"],
        )
    ),
    "coupon_batch_id": coupon_world(chain_id=made.stores["E1"].chain_id, maker=staff["marketer"]),
    "rulebook_id": promotions.rulebook_id,
    "draft_id": promotions.draft_id,
    "review_id": promotions.review_id,
    **members.facts(),
    **payment_things(made.stores["E1"]),
    "approval_ids": [str(one.id) for one in asked],
    # The till T1, and all of them by workstation; cookies `liushui_till` and `liushui_operator`, path /till/.
    "till": {
        "device_cookie": made.tills["T1"].device,
        "operator_cookie": made.tills["T1"].operator,
        "pins": world.PINS,
    },
    "tills": {
        code: {"device_cookie": cookies.device, "operator_cookie": cookies.operator}
        for code, cookies in made.tills.items()
    },
}
if "--untouched" not in sys.argv:
    facts |= closed_yesterday(store=made.stores["E1"], workstation="T2")
    facts["ticket_id"] = str(world_tills.sell_at(workstation="T2"))
    facts["value_id"] = str(world_tills.sell_gift_card_at(workstation="T2"))
sys.stdout.write(json.dumps(facts))
