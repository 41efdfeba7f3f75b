"""Which institution a row means, and what is derived from names: all at once, in Polars."""

from __future__ import annotations

import polars as pl

from tirek.registry import names
from tirek.registry.exchange.faults import ERROR, Faults, OfRow
from tirek.registry.models import ExternalId, Institution, Source
from tirek.storage import secrets
from tirek.storage.said import said as _

CYRILLIC, LATIN = "АВЕКМНОРСТУХІЅЈ", "ABEKMHOPCTYXISJ"  # capitals that look alike


def institutions_of(source: Source) -> pl.DataFrame:
    """Every name (``ref``) under which an institution may be meant, with its id, number, and whether it is ours to change."""
    rows: list[tuple[str, int, int]] = []
    for pk, org_no, code, bin_ in Institution.objects.values_list("id", "org_no", "code", "bin"):
        rows.append((code, pk, org_no))
        if bin_:
            rows.append((bin_, pk, org_no))
    numbers = {pk: org_no for _ref, pk, org_no in rows}
    known = ExternalId.objects.filter(source=source, kind="institution", target_id__isnull=False)
    rows += [(ref, pk, numbers[pk]) for ref, pk in known.values_list("external_id", "target_id") if pk in numbers]
    frame = pl.DataFrame(
        rows, schema={"institution": pl.String, "institution_id": pl.Int64, "org_no": pl.Int64}, orient="row"
    )
    inside = pl.col("org_no").is_between(source.org_lo, source.org_hi)
    return frame.unique("institution", keep="last").with_columns(inside.alias("_inside"))


def with_institutions(frame: pl.DataFrame, source: Source, faults: Faults, column: str = "institution") -> pl.DataFrame:
    """Adds institution_id and org_no; faults for unknown institutions and for those of other territories."""
    known = institutions_of(source)
    joined = frame.join(known, on="institution", how="left", maintain_order="left")
    unknown = joined.filter(pl.col("institution_id").is_null() & pl.col("institution").is_not_null())
    meant = OfRow(
        _("Was %(proposal)s meant?"), {"proposal": "_proposal"}, _("Check the code, or import the institution first.")
    )
    faults.add_rows(_with_proposals(unknown, known) if unknown.height else unknown, column,
                    _("The register knows no such institution."), meant, value="institution", code="unknown_institution")  # fmt: skip
    foreign = joined.filter(~pl.col("_inside"))
    faults.add_rows(foreign, column, _("This institution lies outside the territory of the source."),
                    _("Leave the row out, or ask the department above."), value="institution", level=ERROR,
                    code="outside_scope")  # fmt: skip
    return joined.drop("_inside")


def _with_proposals(unknown: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """The code that is meant where only the alphabet of a letter is wrong, or its case."""
    latin = pl.col("institution").str.to_uppercase().str.replace_many(list(CYRILLIC), list(LATIN))
    folded = known.filter("_inside").select(latin.alias("_folded"), pl.col("institution").alias("_proposal"))
    return unknown.with_columns(latin.alias("_folded")).join(
        folded.unique("_folded", keep="none"), on="_folded", how="left", maintain_order="left"
    )


def with_derived_names(frame: pl.DataFrame, *, grams: bool = True) -> pl.DataFrame:
    """Adds person_name, sort_key and, for what is to be written, name_grams."""
    parts = [pl.col(c).fill_null("") for c in ("family_name", "given_name", "patronymic")]
    full = pl.concat_str(parts, separator=" ").str.replace_all(r"\s+", " ").str.strip_chars()
    frame = frame.with_columns(full.alias("person_name"))
    texts = frame["person_name"].to_list()
    keys = pl.Series("sort_key", names.sort_keys(texts), dtype=pl.String).str.slice(0, names.PERSON_KEY_LENGTH)
    return frame.with_columns(keys, *([pl.Series("name_grams", names.grams_many(texts))] if grams else ()))


def with_hashes(frame: pl.DataFrame, column: str = "iin", to: str = "iin_hash") -> pl.DataFrame:
    return frame.with_columns(pl.Series(to, secrets.keyed_hash_many(frame[column].to_list()), dtype=pl.Binary))


def good_rows(frame: pl.DataFrame, faults: Faults) -> pl.DataFrame:
    """Rows without an error."""
    bad = (
        faults.frame()
        .filter((pl.col("level") == ERROR) & pl.col("row").is_not_null())
        .select(pl.col("file").alias("_file"), pl.col("row").cast(pl.UInt32).alias("_row"))
        .unique()
    )
    if not bad.height:
        return frame
    return frame.with_columns(pl.col("_row").cast(pl.UInt32)).join(
        bad, on=["_file", "_row"], how="anti", maintain_order="left"
    )
