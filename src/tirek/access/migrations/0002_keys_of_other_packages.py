"""Row policies for the tables of other people's packages that hold keys, addresses or names.

Only the sign-in role sees them. A table that a later version of these packages brings is found by
tests/platform/test_every_table.py.
"""

from django.db import migrations

TABLES = [
    "account_emailaddress",
    "account_emailconfirmation",
    "mfa_authenticator",
    "socialaccount_socialaccount",
    "socialaccount_socialtoken",
    "socialaccount_socialapp",
    "axes_accessattempt",
    "axes_accessattemptexpiration",
    "axes_accessfailurelog",
    "axes_accesslog",
    "oauth2_provider_application",
    "oauth2_provider_accesstoken",
    "oauth2_provider_refreshtoken",
    "oauth2_provider_grant",
    "oauth2_provider_idtoken",
    "oauth2_provider_devicegrant",
]


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0001_initial"),
        ("account", "0009_emailaddress_unique_primary_email"),
        ("mfa", "0003_authenticator_type_uniq"),
        ("socialaccount", "0006_alter_socialaccount_extra_data"),
        ("axes", "0010_accessattemptexpiration"),
        ("oauth2_provider", "0022_refreshtoken_token_family_index"),
        ("pghistory", "0007_auto_20250421_0444"),
    ]
    operations = [
        *(
            migrations.RunSQL(
                f"alter table {table} enable row level security;"
                f" create policy {table}_sign_in on {table} to tirek_sign_in using (true)",
                f"drop policy {table}_sign_in on {table}; alter table {table} disable row level security",
            )
            for table in TABLES
        ),
        # "what did this user do": the audit page asks for changes by who made them
        migrations.RunSQL(
            "create index pghistory_context_who on pghistory_context ((metadata->>'user'))",
            "drop index pghistory_context_who",
        ),
    ]
