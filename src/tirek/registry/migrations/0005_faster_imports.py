"""Imports at twice the speed (docs/adr/0008-name-index.md), bigger history numbers, manifests, a term of keeping."""

import django.contrib.postgres.indexes
import pgtrigger.compiler
import pgtrigger.migrations
import tirek.registry.models.people
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("registry", "0004_grams_by_region"),
    ]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name="import",
            name="insert_insert",
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="import",
            name="update_update",
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="import",
            name="delete_delete",
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="source",
            name="insert_insert",
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="source",
            name="update_update",
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="source",
            name="delete_delete",
        ),
        migrations.RemoveIndex(
            model_name="person",
            name="person_grams",
        ),
        migrations.AddField(
            model_name="import",
            name="forgotten_at",
            field=models.DateTimeField(help_text="Since then its files are gone; counts and history stay.", null=True),
        ),
        migrations.AddField(
            model_name="importevent",
            name="forgotten_at",
            field=models.DateTimeField(help_text="Since then its files are gone; counts and history stay.", null=True),
        ),
        migrations.AddField(
            model_name="source",
            name="trusts_manifest",
            field=models.BooleanField(
                default=True,
                help_text="A OneRoster file that its manifest calls “bulk” is complete; one called “delta” never is.",
                verbose_name="believes the manifest",
            ),
        ),
        migrations.AddField(
            model_name="sourceevent",
            name="trusts_manifest",
            field=models.BooleanField(
                default=True,
                help_text="A OneRoster file that its manifest calls “bulk” is complete; one called “delta” never is.",
                verbose_name="believes the manifest",
            ),
        ),
        migrations.AlterField(
            model_name="classgroupevent",
            name="pgh_id",
            field=models.BigAutoField(primary_key=True, serialize=False),
        ),
        migrations.AlterField(
            model_name="employmentevent",
            name="pgh_id",
            field=models.BigAutoField(primary_key=True, serialize=False),
        ),
        migrations.AlterField(
            model_name="enrolmentevent",
            name="pgh_id",
            field=models.BigAutoField(primary_key=True, serialize=False),
        ),
        migrations.AlterField(
            model_name="externalidevent",
            name="pgh_id",
            field=models.BigAutoField(primary_key=True, serialize=False),
        ),
        migrations.AlterField(
            model_name="guardianshipevent",
            name="pgh_id",
            field=models.BigAutoField(primary_key=True, serialize=False),
        ),
        migrations.AlterField(
            model_name="import",
            name="decisions",
            field=models.JSONField(default=dict, help_text="row: person's id, or 'new'; ends: how many may end"),
        ),
        migrations.AlterField(
            model_name="importevent",
            name="decisions",
            field=models.JSONField(default=dict, help_text="row: person's id, or 'new'; ends: how many may end"),
        ),
        migrations.AlterField(
            model_name="personevent",
            name="pgh_id",
            field=models.BigAutoField(primary_key=True, serialize=False),
        ),
        migrations.AddIndex(
            model_name="person",
            index=models.Index(
                condition=models.Q(("iin_hash", None)), fields=["org_no", "sort_key"], name="person_numberless"
            ),
        ),
        migrations.AddIndex(
            model_name="person",
            index=django.contrib.postgres.indexes.GinIndex(
                tirek.registry.models.people.PlacedGrams(),
                fastupdate=True,
                gin_pending_list_limit=1024,
                name="person_grams",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="import",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "registry_importevent" ("applied_at", "applied_by", "as_of", "context_id", "counts", "created_at", "created_by", "decisions", "file_name", "forgotten_at", "id", "job_id", "org_no", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "profile_id", "refusal", "row_kind", "sealed", "sha256", "size", "source_id", "staged_at", "state", "undone_at", "undone_by") SELECT new_values."applied_at", new_values."applied_by", new_values."as_of", new_values."context_id", new_values."counts", new_values."created_at", new_values."created_by", new_values."decisions", new_values."file_name", new_values."forgotten_at", new_values."id", new_values."job_id", new_values."org_no", _pgh_attached_context.value, NOW(), \'insert\', new_values."id", new_values."profile_id", new_values."refusal", new_values."row_kind", new_values."sealed", new_values."sha256", new_values."size", new_values."source_id", new_values."staged_at", new_values."state", new_values."undone_at", new_values."undone_by" FROM ( SELECT new_values.* FROM new_values  ) AS new_values, _pgh_attached_context; RETURN NULL;',
                    hash="6306f0192ecb90ed9f562045540088dbfe3fab6f",
                    level="STATEMENT",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_0bf3c",
                    referencing="REFERENCING NEW TABLE AS new_values ",
                    table="registry_import",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="import",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "registry_importevent" ("applied_at", "applied_by", "as_of", "context_id", "counts", "created_at", "created_by", "decisions", "file_name", "forgotten_at", "id", "job_id", "org_no", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "profile_id", "refusal", "row_kind", "sealed", "sha256", "size", "source_id", "staged_at", "state", "undone_at", "undone_by") SELECT new_values."applied_at", new_values."applied_by", new_values."as_of", new_values."context_id", new_values."counts", new_values."created_at", new_values."created_by", new_values."decisions", new_values."file_name", new_values."forgotten_at", new_values."id", new_values."job_id", new_values."org_no", _pgh_attached_context.value, NOW(), \'update\', new_values."id", new_values."profile_id", new_values."refusal", new_values."row_kind", new_values."sealed", new_values."sha256", new_values."size", new_values."source_id", new_values."staged_at", new_values."state", new_values."undone_at", new_values."undone_by" FROM ( SELECT new_values.* FROM old_values JOIN new_values ON (old_values."id") = (new_values."id") WHERE (old_values.* IS DISTINCT FROM new_values.*) ) AS new_values, _pgh_attached_context; RETURN NULL;',
                    hash="9fc3d4a1ec8c437aae78ac5c194b279fb9e75095",
                    level="STATEMENT",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_be87a",
                    referencing="REFERENCING OLD TABLE AS old_values  NEW TABLE AS new_values ",
                    table="registry_import",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="import",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "registry_importevent" ("applied_at", "applied_by", "as_of", "context_id", "counts", "created_at", "created_by", "decisions", "file_name", "forgotten_at", "id", "job_id", "org_no", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "profile_id", "refusal", "row_kind", "sealed", "sha256", "size", "source_id", "staged_at", "state", "undone_at", "undone_by") SELECT old_values."applied_at", old_values."applied_by", old_values."as_of", old_values."context_id", old_values."counts", old_values."created_at", old_values."created_by", old_values."decisions", old_values."file_name", old_values."forgotten_at", old_values."id", old_values."job_id", old_values."org_no", _pgh_attached_context.value, NOW(), \'delete\', old_values."id", old_values."profile_id", old_values."refusal", old_values."row_kind", old_values."sealed", old_values."sha256", old_values."size", old_values."source_id", old_values."staged_at", old_values."state", old_values."undone_at", old_values."undone_by" FROM ( SELECT old_values.* FROM old_values  ) AS old_values, _pgh_attached_context; RETURN NULL;',
                    hash="8ae5fc3b9d7444dc12d252664f7b71852eaea8f8",
                    level="STATEMENT",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_0f2ea",
                    referencing="REFERENCING OLD TABLE AS old_values ",
                    table="registry_import",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="source",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "registry_sourceevent" ("code", "created_at", "created_by", "expected_every_days", "id", "is_complete", "kind", "max_faulty_percent", "max_missing_percent", "name", "org_hi", "org_lo", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "territory_code", "trusts_manifest") SELECT new_values."code", new_values."created_at", new_values."created_by", new_values."expected_every_days", new_values."id", new_values."is_complete", new_values."kind", new_values."max_faulty_percent", new_values."max_missing_percent", new_values."name", new_values."org_hi", new_values."org_lo", _pgh_attached_context.value, NOW(), \'insert\', new_values."id", new_values."territory_code", new_values."trusts_manifest" FROM ( SELECT new_values.* FROM new_values  ) AS new_values, _pgh_attached_context; RETURN NULL;',
                    hash="382aa79524f18d1baeb42eefb00856b8c88b5654",
                    level="STATEMENT",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_d9069",
                    referencing="REFERENCING NEW TABLE AS new_values ",
                    table="registry_source",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="source",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "registry_sourceevent" ("code", "created_at", "created_by", "expected_every_days", "id", "is_complete", "kind", "max_faulty_percent", "max_missing_percent", "name", "org_hi", "org_lo", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "territory_code", "trusts_manifest") SELECT new_values."code", new_values."created_at", new_values."created_by", new_values."expected_every_days", new_values."id", new_values."is_complete", new_values."kind", new_values."max_faulty_percent", new_values."max_missing_percent", new_values."name", new_values."org_hi", new_values."org_lo", _pgh_attached_context.value, NOW(), \'update\', new_values."id", new_values."territory_code", new_values."trusts_manifest" FROM ( SELECT new_values.* FROM old_values JOIN new_values ON (old_values."id") = (new_values."id") WHERE (old_values.* IS DISTINCT FROM new_values.*) ) AS new_values, _pgh_attached_context; RETURN NULL;',
                    hash="bcc1d20e56fe076af6aa2dbc459f95eefc43ad2f",
                    level="STATEMENT",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_a0460",
                    referencing="REFERENCING OLD TABLE AS old_values  NEW TABLE AS new_values ",
                    table="registry_source",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="source",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "registry_sourceevent" ("code", "created_at", "created_by", "expected_every_days", "id", "is_complete", "kind", "max_faulty_percent", "max_missing_percent", "name", "org_hi", "org_lo", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "territory_code", "trusts_manifest") SELECT old_values."code", old_values."created_at", old_values."created_by", old_values."expected_every_days", old_values."id", old_values."is_complete", old_values."kind", old_values."max_faulty_percent", old_values."max_missing_percent", old_values."name", old_values."org_hi", old_values."org_lo", _pgh_attached_context.value, NOW(), \'delete\', old_values."id", old_values."territory_code", old_values."trusts_manifest" FROM ( SELECT old_values.* FROM old_values  ) AS old_values, _pgh_attached_context; RETURN NULL;',
                    hash="1584c52561e96c340e8bfdd819cbc8ae64185f27",
                    level="STATEMENT",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_354d5",
                    referencing="REFERENCING OLD TABLE AS old_values ",
                    table="registry_source",
                    when="AFTER",
                ),
            ),
        ),
    ]
