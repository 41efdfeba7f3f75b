"""A run's tables, and the folder from which `tirek impact` computes the same numbers again."""

from __future__ import annotations

import io

import polars as pl
from django.utils.translation import gettext as _

from tirek.access.scope import loading
from tirek.decisions import queries as journal
from tirek.programmes.queries import impact as queries
from tirek.storage.sealed import json_bytes
from tirek.storage.tables import safe

READ_ME = """The panel of {number}: published means of schools by wave, with the weights of the comparison.

panel.csv      the waves that are compared, on one scale: the estimate in the result
all_waves.csv  with the earlier waves: the event study and the test of trends before entry

The same numbers again, without a server:

  tirek impact panel.csv --unit school --treated treated --wave wave --first-treated entry --outcome result \\
      --weight weight --draws {draws} --seed {seed} --out impact
  tirek impact all_waves.csv --unit school --treated treated --wave wave --first-treated entry --outcome result \\
      --weight weight --draws {draws} --seed {seed} --out events

In the result the error of the link ({link:.4f} points) is added to the interval of panel.csv:
each half becomes the root of its square and that of 1.96 times this error.
"""


def tables_of(decision) -> list[tuple[str, str]]:
    """Tables without schools, with what they hold."""
    names = {
        "estimators": _("all estimates"), "events": _("event study"), "groups": _("effects by wave of entry"),
        "balance": _("balance"), "means": _("means of both sides by wave"),
    }  # fmt: skip
    return [(name, words) for name, words in names.items() if name in decision.outputs]


def folder_of(decision) -> dict[str, bytes]:
    """Files by name."""
    with loading():
        panel, waves = journal.table(decision, "counted"), journal.table(decision, "means")
    compared = sorted(set(waves.filter(pl.col("compared"))["wave"]))
    facts = decision.summary
    words = READ_ME.format(
        number=decision.number, draws=facts["draws_asked"], seed=facts["seed"], link=facts["link_error"]
    )
    files = {
        "README.txt": words.encode(),
        "panel.csv": _csv(panel.filter(pl.col("wave").is_in(compared))),
        "all_waves.csv": _csv(panel),
        "result.json": json_bytes(dict(facts)),
    }
    for name, _words in tables_of(decision):
        files[f"{name}.csv"] = _csv(queries.table(decision, name))
    return files


def _csv(frame: pl.DataFrame) -> bytes:
    target = io.BytesIO()
    texts = [name for name, dtype in frame.schema.items() if dtype == pl.String]
    frame.with_columns(pl.col(name).map_elements(safe, return_dtype=pl.String) for name in texts).write_csv(target)
    return target.getvalue()
