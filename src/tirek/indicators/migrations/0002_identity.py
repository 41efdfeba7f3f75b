"""Which figure a publication is: also what it is about and its territory, so that two regions' figures stand side by side."""

from django.db import migrations, models

FILL = """
    alter table indicators_release disable trigger user;
    update indicators_release r
       set about = coalesce(d.parameters ->> 'test', ''), org_lo = d.org_lo, org_hi = d.org_hi
      from decisions_decision d
     where d.number = r.decision_number;
    alter table indicators_release enable trigger user;
"""


class Migration(migrations.Migration):
    dependencies = [("decisions", "0001_initial"), ("indicators", "0001_initial")]

    operations = [
        migrations.RemoveConstraint(model_name="release", name="figure_release_in_force"),
        migrations.AddField(
            model_name="release",
            name="about",
            field=models.CharField(
                blank=True,
                default="",
                help_text="What the decision is about, a test's code; empty for a figure of the whole register.",
                max_length=80,
                verbose_name="about",
            ),
        ),
        migrations.AddField(model_name="release", name="org_hi", field=models.IntegerField(default=2147483647)),
        migrations.AddField(model_name="release", name="org_lo", field=models.IntegerField(default=0)),
        migrations.AddConstraint(
            model_name="release",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "published")),
                fields=("indicator", "as_of", "about", "org_lo", "org_hi"),
                name="figure_release_in_force",
            ),
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]
