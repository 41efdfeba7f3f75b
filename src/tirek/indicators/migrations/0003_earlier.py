"""What earlier publications told readers is sealed with a publication: a cell that they show protects no other."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("indicators", "0002_identity")]

    operations = [
        migrations.AddField(
            model_name="release",
            name="earlier",
            field=models.JSONField(
                help_text="What earlier publications told readers, sealed; hiding goes by it.", null=True
            ),
        ),
    ]
