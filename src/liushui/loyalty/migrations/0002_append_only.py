from django.db import migrations

from liushui.runtime.append_only import AppendOnly


class Migration(migrations.Migration):
    """Lines of the ledger are never changed. Apart from the tables, which are generated anew while they grow."""

    dependencies = [("loyalty", "0001_initial")]
    operations = [AppendOnly("loyalty_entry"), AppendOnly("loyalty_programme"), AppendOnly("loyalty_tier_change")]
