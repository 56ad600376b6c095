from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0005_old_reversals"),
    ]

    operations = [
        migrations.AddField(
            model_name="sale",
            name="void_approved_by",
            field=models.CharField(db_default="", default="", max_length=128),
        ),
    ]
