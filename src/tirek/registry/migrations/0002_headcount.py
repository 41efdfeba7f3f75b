import django.db.models.deletion
import tirek.storage.policies
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [("registry", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name='Headcount',
            fields=[
                ('institution', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='headcount', serialize=False, to='registry.institution')),
                ('org_no', models.IntegerField(unique=True)),
                ('pupils', models.IntegerField(default=0, verbose_name='pupils')),
                ('staff', models.IntegerField(default=0, verbose_name='staff')),
                ('teachers', models.IntegerField(default=0, verbose_name='teachers')),
                ('counted_at', models.DateTimeField(verbose_name='counted')),
            ],
            options={
                'verbose_name': 'headcount',
                'verbose_name_plural': 'headcounts',
                'constraints': [tirek.storage.policies.RowScope(name='headcount_rows', public=True)],
            },
        ),
    ]
