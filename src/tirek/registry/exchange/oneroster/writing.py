"""A valid OneRoster 1.2 CSV package of what the asker's scope holds: in bulk, of active records only and with every reference
kept; or a delta of what was changed since a moment.
"""

from __future__ import annotations

import polars as pl

from tirek.access.scope import current_scope
from tirek.registry.exchange import staging
from tirek.registry.exchange.oneroster.collections import COLLECTIONS, EPOCH, named
from tirek.registry.exchange.oneroster.spec import FILES, MANIFEST_FILES
from tirek.storage.uploads import pack

EVERYWHERE = (0, 2_147_483_647)


def scope_range() -> tuple[int, int]:
    """Numbers of the institutions that the current scope covers; an empty range for who covers none."""
    scope = current_scope()
    if scope.is_country:
        return EVERYWHERE
    return (scope.lo, scope.hi) if scope.lo is not None and scope.hi is not None else (1, 0)


def collected(*, demographics: bool, with_ended: bool = False) -> dict[str, pl.DataFrame]:
    """All collections of the scope, with references cleaned; ``with_ended``: also what is to be deleted."""
    lo, hi = scope_range()
    names = [n for n in COLLECTIONS if demographics or n != "demographics"]
    frames = {n: staging.query(named(n).replace("%(lo)s", str(lo)).replace("%(hi)s", str(hi))) for n in names}
    frames = {
        n: (frame if with_ended else _active(frame)).unique("sourcedId", keep="first", maintain_order=True)
        for n, frame in frames.items()
    }
    return _with_sound_references(_with_courses(frames))


def _active(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.filter(pl.col("status").fill_null("active") == "active")


def _with_sound_references(frames: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """An optional reference to what is not there is emptied; a record that needs one is left out, and what needs it too."""
    for _pass in range(4):
        ids = {name: frame["sourcedId"].to_list() for name, frame in frames.items()}
        before = sum(frame.height for frame in frames.values())
        frames = {name: _sound(name, frame, ids) for name, frame in frames.items()}
        if sum(frame.height for frame in frames.values()) == before:
            break
    return frames


def _sound(name: str, frame: pl.DataFrame, ids: dict[str, list[str]]) -> pl.DataFrame:
    file = FILES[name]
    frame = _without_gaps(name, frame)
    for column, target, many in file.refs:
        known = ids.get(target, [])
        if many:
            kept = pl.col(column).str.split(",").list.eval(pl.element().str.strip_chars())
            kept = kept.list.eval(pl.element().filter(pl.element().is_in(known))).list.join(",")
            frame = frame.with_columns(pl.when(kept != "").then(kept).alias(column))
            if column == "termSourcedIds":
                term = next((i for i in reversed(ids.get("academicSessions", [])) if i.startswith("term-")), None)
                frame = frame.with_columns(pl.col(column).fill_null(pl.lit(term)))
        else:
            frame = frame.with_columns(pl.when(pl.col(column).is_in(known)).then(pl.col(column)).alias(column))
    return frame.filter(pl.all_horizontal(pl.col(c).is_not_null() for c in ("sourcedId", *file.required)))


def _without_gaps(name: str, frame: pl.DataFrame) -> pl.DataFrame:
    """What 1.2 requires and an older package did not say."""
    if name == "academicSessions":
        return frame.with_columns(pl.col("schoolYear").fill_null(pl.col("endDate").str.slice(0, 4)))
    if name == "classes":
        own = pl.concat_str(pl.lit("crs-of-"), pl.col("sourcedId"))
        return frame.with_columns(pl.col("classType").fill_null("scheduled"), pl.col("courseSourcedId").fill_null(own))
    if name == "users":
        return frame.with_columns(
            pl.col("enabledUser").fill_null("true"), pl.col("username").fill_null(pl.col("sourcedId"))
        )
    if name == "roles":
        return frame.with_columns(pl.col("roleType").fill_null("primary"))
    return frame


def _with_courses(frames: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """1.2 requires a course of every class; an older package may have none."""
    classes, courses = _without_gaps("classes", frames["classes"]), frames["courses"]
    lacking = classes.filter(~pl.col("courseSourcedId").is_in(courses["sourcedId"].to_list()))
    made = lacking.select(
        pl.col("courseSourcedId").alias("sourcedId"), pl.col("title"), pl.col("schoolSourcedId").alias("orgSourcedId")
    )
    return frames | {"classes": classes, "courses": pl.concat([courses, made.unique("sourcedId")], how="diagonal")}


def package(*, demographics: bool = False, since: str = "") -> bytes:
    """The zip. Cells are as they are: a OneRoster file is read by programs, so nothing is guarded in it.

    With ``since`` (a moment in ISO 8601) it is a delta: what was changed since then, with what is to be deleted.
    """
    frames = collected(demographics=demographics, with_ended=bool(since))
    files = {"manifest.csv": _csv(_manifest(set(frames), "delta" if since else "bulk"))}
    for name, frame in frames.items():
        if since:
            said = frame.with_columns(pl.col("status").fill_null("active"), pl.col("dateLastModified").fill_null(EPOCH))
            changed = said.filter(pl.col("dateLastModified") >= since)
            files[f"{name}.csv"] = _csv(changed.select(FILES[name].columns))
            continue
        # in bulk, status and dateLastModified are left empty
        empty = [pl.lit(None, dtype=pl.String).alias(c) for c in ("status", "dateLastModified")]
        files[f"{name}.csv"] = _csv(frame.with_columns(empty).select(FILES[name].columns))
    return pack(files)


def _manifest(present: set[str], mode: str) -> pl.DataFrame:
    rows = [("manifest.version", "1.0"), ("oneroster.version", "1.2")]
    rows += [(f"file.{name}", mode if name in present else "absent") for name in MANIFEST_FILES]
    rows += [("source.systemName", "Tirek"), ("source.systemCode", "tirek")]
    return pl.DataFrame(rows, schema=["propertyName", "value"], orient="row")


def _csv(frame: pl.DataFrame) -> bytes:
    return frame.write_csv(line_terminator="\r\n").encode()
