"""What comes in from other systems: sources, mapping profiles, imports, and what each source calls its things."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tirek.access.audit import audited
from tirek.access.policies import RowScope


class SourceKind(models.TextChoices):
    ONEROSTER = "oneroster", _("OneRoster roster")
    TABLE = "table", _("tables (CSV, XLSX, Parquet)")
    GEOJSON = "geojson", _("points on a map (GeoJSON)")


class RowKind(models.TextChoices):
    INSTITUTIONS = "institutions", _("institutions")
    LEARNERS = "learners", _("people and their enrolments")
    STAFF = "staff", _("people and their employments")
    GUARDIANSHIPS = "guardianships", _("guardianships")
    ROOMS = "rooms", _("rooms")
    PLACES = "places", _("coordinates of places")


class ImportState(models.TextChoices):
    UPLOADED = "uploaded", _("uploaded")
    STAGED = "staged", _("checked")
    REFUSED = "refused", _("cannot be applied")
    APPLIED = "applied", _("applied")
    UNDONE = "undone", _("undone")
    DISCARDED = "discarded", _("discarded")


OPEN_STATES = [ImportState.UPLOADED, ImportState.STAGED, ImportState.REFUSED]


@audited("source_event_rows", org="org_lo", org_hi="org_hi")
class Source(models.Model):
    """A system that sends us data, and how far its data may go before a person must look.

    ``org_lo`` to ``org_hi`` (both included) are the institutions it may speak of.
    """

    code = models.SlugField(_("code"), max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=200)
    kind = models.CharField(_("kind"), max_length=16, choices=SourceKind.choices)
    org_lo = models.IntegerField()
    org_hi = models.IntegerField()
    territory_code = models.CharField(
        _("territory of new institutions"), max_length=9, blank=True, help_text=_("KATO code")
    )
    is_complete = models.BooleanField(
        _("sends everything each time"), default=False, help_text=_("What is missing is then shown as missing.")
    )
    trusts_manifest = models.BooleanField(
        _("believes the manifest"),
        default=True,
        help_text=_("A OneRoster file that its manifest calls “bulk” is complete; one called “delta” never is."),
    )
    max_faulty_percent = models.FloatField(_("faulty rows allowed, %"), default=5)
    max_missing_percent = models.FloatField(_("disappearing rows allowed, %"), default=5)
    expected_every_days = models.IntegerField(_("expected every so many days"), null=True, blank=True)
    created_by = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("source")
        verbose_name_plural = _("sources")
        constraints = [
            models.CheckConstraint(name="source_range_order", condition=models.Q(org_hi__gte=models.F("org_lo"))),
            RowScope(name="source_rows", org="org_lo", org_hi="org_hi"),
        ]

    def __str__(self) -> str:
        return self.name


@audited("mapping_profile_event_rows", org="org_no")
class MappingProfile(models.Model):
    """How a source's columns become the register's fields. Never edited: a change is a new version."""

    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="profiles")
    org_no = models.IntegerField()
    row_kind = models.CharField(_("kind of rows"), max_length=16, choices=RowKind.choices)
    version = models.IntegerField(_("version"))
    columns = models.JSONField(_("columns"), default=dict, help_text=_("field: {column, values, format, default}"))
    created_by = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("mapping profile")
        verbose_name_plural = _("mapping profiles")
        constraints = [
            models.UniqueConstraint(name="profile_version", fields=["source", "row_kind", "version"]),
            RowScope(name="mapping_profile_rows"),
        ]

    def __str__(self) -> str:
        return f"{self.get_row_kind_display()}, {self.version}"


@audited("import_event_rows")
class Import(models.Model):
    """One file on its way into the register. The file and what was read from it are sealed by their SHA-256."""

    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="imports")
    profile = models.ForeignKey(MappingProfile, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    org_no = models.IntegerField()
    row_kind = models.CharField(_("kind of rows"), max_length=16, choices=RowKind.choices, blank=True)
    state = models.CharField(_("state"), max_length=16, choices=ImportState.choices, default=ImportState.UPLOADED)
    file_name = models.CharField(_("file"), max_length=200)
    sha256 = models.CharField(max_length=64)
    size = models.BigIntegerField(_("size, bytes"))
    as_of = models.DateField(_("valid from"), help_text=_("Changes begin on this day."))
    sealed = models.JSONField(default=dict, help_text="name: SHA-256 of staged tables, faults and differences")
    counts = models.JSONField(default=dict)
    refusal = models.TextField(_("why it cannot be applied"), blank=True)
    decisions = models.JSONField(default=dict, help_text="row: person's id, or 'new'; ends: how many may end")
    job_id = models.BigIntegerField(null=True)
    created_by = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(default=timezone.now)
    staged_at = models.DateTimeField(null=True)
    applied_by = models.BigIntegerField(null=True)
    applied_at = models.DateTimeField(null=True)
    undone_by = models.BigIntegerField(null=True)
    undone_at = models.DateTimeField(null=True)
    forgotten_at = models.DateTimeField(null=True, help_text="Since then its files are gone; counts and history stay.")
    context_id = models.UUIDField(null=True, help_text="Its changes in the history carry this context.")

    class Meta:
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        indexes = [models.Index(fields=["source", "-created_at"], name="import_of_source")]
        constraints = [
            models.UniqueConstraint(
                name="import_open_once",
                fields=["source", "sha256", "row_kind"],
                condition=models.Q(state__in=["uploaded", "staged", "refused"]),
            ),
            RowScope(name="import_rows"),
        ]

    def __str__(self) -> str:
        return f"{self.pk}: {self.file_name}"

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_STATES


@audited("external_id_event_rows", many=True)
class ExternalId(models.Model):
    """What a source calls a thing, and what it says of it that the register has no field for.

    ``kind`` is the register's model (person, institution, class_group, enrolment, …) or, for what the register does not
    hold, the source's own word (course, term); ``target_id`` is then null.
    """

    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="external_ids", db_index=False)
    kind = models.CharField(max_length=24)
    external_id = models.CharField(max_length=255)
    target_id = models.BigIntegerField(null=True)
    org_no = models.IntegerField(default=0)
    is_active = models.BooleanField(default=True)
    metadata = models.JSONField(default=dict)
    last_import = models.ForeignKey(Import, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)

    class Meta:
        verbose_name = _("identifier of a source")
        verbose_name_plural = _("identifiers of sources")
        indexes = [models.Index(fields=["kind", "target_id"], name="external_id_target")]
        constraints = [
            models.UniqueConstraint(name="external_id_once", fields=["source", "kind", "external_id"]),
            RowScope(name="external_id_rows"),
        ]

    def __str__(self) -> str:
        return self.external_id
