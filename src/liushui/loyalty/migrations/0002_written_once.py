"""Rows that the database itself refuses to change; apart from 0001, which is made anew from the models."""

from django.db import migrations

from liushui.runtime.append_only import AppendOnly


class Migration(migrations.Migration):
    dependencies = [("loyalty", "0001_initial")]

    operations = [
        AppendOnly("loyalty_programme"),
        AppendOnly("loyalty_cancelled_programme"),
        AppendOnly("loyalty_tier_change"),
        AppendOnly("loyalty_entry"),
    ]
