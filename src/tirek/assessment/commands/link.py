"""`tirek link`: put a new calibration on the scale of a base calibration. No server, no database."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from tirek.assessment.commands.linked import Linked

EPILOG = """\b
Examples:
  tirek link entrance exit --method haebara --out linked
  tirek link y2024 y2025 --method mean-mean --purify --centre 500 --spread 100 --out linked
  tirek link grade7 grade8 grade10 --method haberman --out linked
  tirek link entrance exit --method stocking-lord --drop M12,M30 --anchors anchors.csv --out linked

\b
Writes link.json, drift.csv, items_linked.csv, groups_linked.csv, scale.json and manifest.json into the folder, with
--persons also persons_linked.csv. On the base's scale: theta_base = slope * theta_new + intercept.
Exit codes: 0 done, 2 bad input (fewer than 3 anchors, for example), 3 the search for the constants did not end.
Every column is described in the manual, page "link".
"""


@click.command(epilog=EPILOG)
@click.argument("base", type=click.Path(path_type=Path))
@click.argument("new", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--method",
    type=click.Choice(["haebara", "stocking-lord", "mean-sigma", "mean-mean", "mean-geometric", "haberman"]),
    required=True,
    help="haberman, haebara and stocking-lord also link several new calibrations at once.",
)
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder for the results.")
@click.option("--anchors", type=click.Path(path_type=Path), help="Table with a column item and, if you like, unit.")
@click.option("--drop", metavar="ITEM,…", help="Items that do not link, though both tests have them.")
@click.option("--purify", is_flag=True, help="Take drifting anchors out one by one, the worst first.")
@click.option(
    "--slope",
    type=click.Choice(["auto", "fixed", "free"]),
    default="auto",
    show_default=True,
    help="auto keeps it at 1 where all slopes are 1 (Rasch, PCM).",
)
@click.option(
    "--direction",
    type=click.Choice(["one", "symmetric"]),
    default="one",
    show_default=True,
    help="Compare curves on the base's scale, or on both.",
)
@click.option(
    "--nodes", type=click.IntRange(3), default=61, show_default=True, help="Places where curves are compared."
)
@click.option(
    "--range", "half_range", type=float, default=6.0, show_default=True, help="They run from -range to range."
)
@click.option("--node-weights", type=click.Choice(["normal", "uniform"]), default="normal", show_default=True)
@click.option("--drift-z", type=float, default=2.7, show_default=True, help="Robust z beyond which an anchor drifts.")
@click.option("--drift-logits", type=float, default=0.3, show_default=True, help="Smallest difference that is drift.")
@click.option("--drift-rmsd", type=float, default=0.12, show_default=True, help="Distance of curves that is drift.")
@click.option("--centre", type=float, help="Reporting scale: the base's persons have this mean, for example 500.")
@click.option("--spread", type=float, help="And this standard deviation, for example 100.")
@click.option("--constants", type=click.Path(path_type=Path), help="scale.json published before: keep its constants.")
@click.option(
    "--persons", type=click.Path(path_type=Path), help="Persons of NEW with scores: put on the reporting scale."
)
@click.option("--seed", type=int, help="Accepted for uniformity: nothing here is random.")
@click.option("--threads", type=click.IntRange(1), help="Accepted for uniformity: one thread is used.")
@click.option("--quiet", is_flag=True, help="Say nothing but errors.")
@click.option("--json", "as_json", is_flag=True, help="Print link.json.")
def command(base: Path, new: tuple[Path, ...], out: Path, quiet: bool, as_json: bool, **options: Any) -> None:
    """Link NEW to the scale of BASE through the items that they share; both are folders of tirek calibrate."""
    from tirek.assessment.commands.running import leave

    leave(out, lambda: run(base, new, out, options, quiet=quiet, as_json=as_json))


def run(base: Path, new: tuple[Path, ...], out: Path, options: dict[str, Any], *, quiet: bool, as_json: bool) -> bool:
    """Read, link, write; true if every search ended."""
    from tirek.assessment.commands.link_results import summary, write_linked
    from tirek.assessment.commands.running import speaker
    from tirek.storage.runs import check_destination, dump_json, open_run

    check_destination(out)
    say = speaker(quiet)
    linked = compute(base, new, recorded(options))
    for note in (*linked.notes, *linked.warnings):
        say(note)
    with open_run(out, "link", recorded(options)) as folder:
        for role, side in (("base", linked.base), *(("new", t.side) for t in linked.tests)):
            folder.add_input(role, side.saved.folder / "manifest.json")
            for name in side.read:
                folder.add_input(f"{role}:{name}", side.saved.folder / name)
        for role in ("anchors", "constants", "persons"):
            if options[role]:
                folder.add_input(role, Path(options[role]))
        report = write_linked(folder, linked)
    if as_json:
        click.echo(dump_json({**report, "out": str(out)}), nl=False)
    elif not quiet:
        click.echo(summary(linked, out))
    return all(t.constants.converged for t in linked.tests)


def recorded(options: dict[str, Any]) -> dict[str, Any]:
    """The arguments that the manifest keeps: all that can change a result."""
    kept = {k: v for k, v in options.items() if k not in ("seed", "threads")}
    for name in ("anchors", "constants", "persons"):
        kept[name] = str(Path(kept[name]).resolve()) if kept[name] else None
    return kept


def compute(base: Path, new: tuple[Path, ...], options: dict[str, Any]) -> Linked:
    """Read the folders and link: what `link` writes and `verify` computes again."""
    from tirek.assessment.commands.link_results import link_folders

    return link_folders(base, new, options)
