"""How often the 95 % intervals of growth hold the truth: populations are made up, tested twice, calibrated, linked, compared.

    python benchmarks/prove_growth.py                        # 1,000 replications of every design, prints the table
    python benchmarks/prove_growth.py --replications 20      # a look
    python benchmarks/prove_growth.py --workers 2 --write docs/manual/coverage.md

Every replication goes through the engines that the commands use: calibration with weights, linking through common items with
its error, plausible values under school effects, replicate weights, and the interval as `tirek means` gives it.
"""

# ruff: noqa: E402 (threads are limited before NumPy is imported)
from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

for _name in ("OMP", "OPENBLAS", "NUMBA"):
    os.environ.setdefault(f"{_name}_NUM_THREADS", "1")

import numpy as np
from scipy.stats import t as student

from tirek_engines import ENGINE_VERSION
from tirek_engines.assessment.population import draw_plausible_values
from tirek_engines.assessment.replication import by_clusters, by_persons
from tirek_engines.assessment.survey import Measures, Sample, trend
from tirek_engines.psychometrics import Answers, Calibration, Groups, Items, Options, calibrate
from tirek_engines.psychometrics.linking.anchors import match_items
from tirek_engines.psychometrics.linking.linkerror import AnswerNoise, answer_noise, link_error
from tirek_engines.psychometrics.linking.methods import LinkOptions, constants

GROWTH = 0.4
GAP = 0.3
SCHOOLS, PUPILS = 50, 20
ITEMS, ANCHORS = 30, 20
VALUES = 10
SCHOOL_SD = 0.5
TILT = 0.5
LEAST, MOST = 0.93, 0.97


@dataclass(frozen=True)
class Design:
    """One kind of study. `drift` is the standard deviation of each item's change between the waves (logits)."""

    name: str
    words: str
    model: str = "2pl"
    method: str = "haebara"
    clustered: bool = True
    weighted: bool = True
    drift: float = 0.0
    kind: str = "linked"


DESIGNS = (
    Design(
        "concurrent",
        "2PL, both waves in one calibration, simple random samples",
        clustered=False,
        weighted=False,
        kind="concurrent",
    ),
    Design("rasch-simple", "Rasch, mean-mean, simple random samples", "rasch", "mean-mean", False, False),
    Design("2pl-simple", "2PL, Haebara, simple random samples", clustered=False, weighted=False),
    Design("rasch-drift", "Rasch, mean-mean, anchors drift by 0.15 logits", "rasch", "mean-mean", False, False, 0.15),
    Design("rasch-full", "Rasch, mean-mean, schools, weights, drift 0.15", "rasch", "mean-mean", drift=0.15),
    Design("2pl-haebara", "2PL, Haebara, schools, weights, drift 0.15", drift=0.15),
    Design("2pl-stocking-lord", "2PL, Stocking-Lord, schools, weights, drift 0.15", method="stocking-lord", drift=0.15),
    Design(
        "same-pupils", "2PL, Haebara, the same pupils twice, schools, weights, drift 0.15", drift=0.15, kind="panel"
    ),
    Design("gap", "2PL, gap of two kinds of schools in one wave, schools, weights", kind="gap"),
)


@dataclass(frozen=True)
class Wave:
    """Pupils of one wave."""

    theta: np.ndarray
    school: np.ndarray
    weights: np.ndarray
    urban: np.ndarray


def draw_wave(rng: np.random.Generator, design: Design, mean: float, gap: float = 0.0) -> Wave:
    """A sample from N(mean, 1): schools (and pupils) of higher ability are less likely drawn and weigh more."""
    n = SCHOOLS * PUPILS
    school = np.repeat(np.arange(SCHOOLS), PUPILS)
    sd = SCHOOL_SD if design.clustered else 0.0
    tilt = TILT if design.weighted else 0.0
    effect = rng.normal(-tilt * sd**2, sd, SCHOOLS) if sd else np.zeros(SCHOOLS)
    rest = np.sqrt(1.0 - sd**2 - gap**2 / 4)
    own = rng.normal(-tilt * rest**2, rest, n)
    weights = np.exp(tilt * (effect[school] + own)) if design.weighted else np.ones(n)
    urban = (np.arange(SCHOOLS) % 2)[school]
    return Wave(mean + effect[school] + own + gap * (urban - 0.5), school, weights, urban)


def answer(rng: np.random.Generator, theta: np.ndarray, slopes: np.ndarray, where: np.ndarray) -> np.ndarray:
    """Right and wrong answers."""
    p = 1.0 / (1.0 + np.exp(-slopes * (theta[:, None] - where)))
    return (rng.random(p.shape) < p).astype(np.float64)


def make_items(rng: np.random.Generator, design: Design) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Slopes, difficulties at entrance and at exit of all items of both tests."""
    n = 2 * ITEMS - ANCHORS
    slopes = np.ones(n) if design.model == "rasch" else rng.uniform(0.7, 1.7, n)
    where = rng.normal(0.2, 1.0, n)
    return slopes, where, where + design.drift * rng.normal(size=n)


def names(items: range) -> list[str]:
    return [f"M{j}" for j in items]


FIRST, SECOND = range(ITEMS), range(ITEMS - ANCHORS, 2 * ITEMS - ANCHORS)


def replicate(design: Design, seed: int) -> tuple[float, float, float]:
    """One study: estimate, standard error, half width of its 95 % interval."""
    rng = np.random.default_rng([seed, sum(map(ord, design.name))])
    slopes, before, after = make_items(rng, design)
    gap = GAP if design.kind == "gap" else 0.0
    one = draw_wave(rng, design, 0.0, gap)
    two = grown(rng, one, design) if design.kind == "panel" else draw_wave(rng, design, GROWTH)
    x = answer(rng, one.theta, slopes[FIRST], before[FIRST])
    if design.kind == "gap":
        return gap_of(design, one, x, seed)
    y = answer(rng, two.theta, slopes[SECOND], after[SECOND])
    if design.kind == "concurrent":
        return concurrent(design, x, y)
    return linked(design, one, x, two, y, seed)


def grown(rng: np.random.Generator, one: Wave, design: Design) -> Wave:
    """The same pupils later: growth differs between pupils and between schools."""
    more = GROWTH + 0.4 * rng.normal(size=one.theta.size) + 0.2 * rng.normal(size=SCHOOLS)[one.school]
    return Wave(one.theta + more, one.school, one.weights, one.urban)


def calibrated(design: Design, wave: Wave, x: np.ndarray, items: range):
    answers = Answers.from_matrix(x, names(items), weights=wave.weights)
    return calibrate(answers, Options(model=design.model, se="none", persons=False))


def drawn(calibration, wave: Wave, seed: int, **factors: np.ndarray) -> np.ndarray:
    return draw_plausible_values(calibration, wave.school, factors, m=VALUES, seed=seed).draws


def sample_of(design: Design, values: np.ndarray, wave: Wave) -> Sample:
    replication = by_clusters(wave.weights, wave.school) if design.clustered else by_persons(wave.weights)
    return Sample(values, wave.weights, replication, Measures((), (50,)))


def linked(design: Design, one: Wave, x: np.ndarray, two: Wave, y: np.ndarray, seed: int) -> tuple[float, float, float]:
    """Separate calibrations, link, plausible values, trend with linking error."""
    base, new = calibrated(design, one, x, FIRST), calibrated(design, two, y, SECOND)
    options = LinkOptions(design.method)
    anchors = match_items(base.as_items(), new.as_items())
    found = constants(anchors, options)
    noise = noise_of(anchors.base, base, one), noise_of(anchors.new, new, two)
    error = link_error(anchors, found, options, at=0.0, noise=noise).trend
    values = drawn(base, one, seed), found.slope * drawn(new, two, seed + 1) + found.intercept
    rows = np.arange(one.theta.size)
    if design.kind == "panel":
        c = sample_of(design, values[1] - values[0], one).summarise(rows).combined
        before, after = (0.0, 0.0, 1.0), (c.value[0], c.se[0], c.freedom[0])
    else:
        ends = [sample_of(design, v, w).summarise(rows).combined for v, w in zip(values, (one, two), strict=True)]
        before, after = ((c.value[0], c.se[0], c.freedom[0]) for c in ends)
    difference, se, _, freedom = trend(before, after, error)
    return float(difference), se, float(student.ppf(0.975, freedom)) * se


def noise_of(items: Items, calibration: Calibration, wave: Wave) -> AnswerNoise:
    """Chance in the answers to the anchors of one test, as `tirek link` takes it from a folder."""
    w, group = wave.weights, calibration.groups[0]
    effective = np.full(len(items), float(w.sum() ** 2 / (w @ w)))
    groups = Groups(("all",), np.array([group.mean]), np.array([group.variance]))
    return answer_noise(items, effective, groups, np.ones(1), ITEMS)


def concurrent(design: Design, x: np.ndarray, y: np.ndarray) -> tuple[float, float, float]:
    """Both waves as groups of one calibration; the mean of the second with its error."""
    n, width = x.shape[0], 2 * ITEMS - ANCHORS
    table = np.full((2 * n, width), np.nan)
    table[:n, FIRST.start : FIRST.stop], table[n:, SECOND.start : SECOND.stop] = x, y
    answers = Answers.from_matrix(table, names(range(width)), groups=["1"] * n + ["2"] * n)
    group = calibrate(answers, Options(model=design.model, persons=False)).groups[1]
    return group.mean, group.se_mean, 1.959963984540054 * group.se_mean


def gap_of(design: Design, wave: Wave, x: np.ndarray, seed: int) -> tuple[float, float, float]:
    """Difference of two kinds of schools with the interval of differences.csv."""
    values = drawn(calibrated(design, wave, x, FIRST), wave, seed, urban=wave.urban)
    sample = sample_of(design, values, wave)
    groups = [sample.summarise(np.flatnonzero(wave.urban == k)) for k in (1, 0)]
    found = sample.difference(*groups)
    low, high = found.interval()
    return float(found.value[0]), float(found.se[0]), float(0.5 * (high[0] - low[0]))


FEWEST_STUDIES = 2


def truth(design: Design) -> float:
    return GAP if design.kind == "gap" else GROWTH


def studies(design: Design, replications: int, workers: int, kept: Path | None = None) -> np.ndarray:
    """Estimate, error and half width of every study; those that `kept` holds are not made again.

    A study depends on its design and number alone, so a run that was broken off goes on where it stood.
    """
    held = held_studies(design, kept)
    wanted = [seed for seed in range(1, replications + 1) if seed not in held]
    with ProcessPoolExecutor(workers) as pool:
        for seed, found in zip(wanted, pool.map(replicate, [design] * len(wanted), wanted), strict=True):
            held[seed] = found
            if kept is not None:
                line = json.dumps({"design": design.name, "study": seed, "found": found})
                with kept.open("a", encoding="utf-8") as out:
                    out.write(line + "\n")
    return np.array([held[seed] for seed in range(1, replications + 1)])


def held_studies(design: Design, kept: Path | None) -> dict[int, list[float]]:
    """Studies of a design that the file holds already, by number."""
    if kept is None or not kept.is_file():
        return {}
    lines = (json.loads(line) for line in kept.read_text(encoding="utf-8").splitlines())
    return {line["study"]: line["found"] for line in lines if line["design"] == design.name}


def unbroken(design: Design, kept: Path | None) -> int:
    """How many studies the file holds from the first on: none is left out for how it ended."""
    held, n = held_studies(design, kept), 0
    while n + 1 in held:
        n += 1
    return n


def prove(design: Design, replications: int, workers: int, kept: Path | None = None) -> dict[str, object]:
    """Coverage of one design."""
    found = studies(design, replications, workers, kept)
    away = found[:, 0] - truth(design)
    covered = np.abs(away) <= found[:, 2]
    share = float(covered.mean())
    return {
        "design": design.name,
        "words": design.words,
        "replications": replications,
        "truth": truth(design),
        "bias": float(away.mean()),
        "spread": float(found[:, 0].std(ddof=1)),
        "mean_se": float(found[:, 1].mean()),
        "coverage": share,
        "coverage_se": float(np.sqrt(share * (1 - share) / replications)),
    }


def page(results: list[dict[str, object]]) -> str:
    """The table as a page of the manual."""
    day = datetime.datetime.now(tz=datetime.UTC).date()
    lines = [
        "# Do the intervals hold?",
        "",
        "A standard error is a promise: of a hundred 95 % intervals some ninety-five hold the truth. `make prove` makes up",
        f"populations whose growth ({GROWTH} standard deviations) or gap ({GAP}) is known, draws {SCHOOLS} schools of {PUPILS} pupils",
        f"(a quarter of the variance lies between schools; abler pupils are drawn less often and weigh more), gives each wave {ITEMS}",
        f"items of which {ANCHORS} are common, and runs calibration, linking, {VALUES} plausible values and replicate weights",
        "as the commands do. Bias, spread of the estimates and mean standard error are in standard deviations of ability.",
        "",
        "The linking error is `error_trend` of [`tirek link`](link.md): what few answers leave open is in the plausible values once,",
        "and not a second time in the anchors' differences.",
        "",
        f"Measured on {day}, engine {ENGINE_VERSION}, {platform.machine()}; `benchmarks/prove_growth.py`.",
        "",
        "| design | replications | bias | spread | mean error | coverage |",
        "|---|---|---|---|---|---|",
    ]
    for r in results:
        cover = f"{100 * r['coverage']:.1f} % (± {196 * r['coverage_se']:.1f})"
        lines.append(
            f"| {r['words']} | {r['replications']} | {r['bias']:+.4f} | {r['spread']:.4f} | {r['mean_se']:.4f} | {cover} |"
        )
    return "\n".join([*lines, ""])


def main() -> None:
    """Run the designs asked for; print or write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--replications", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--only", help="Designs, separated by commas.")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--write", type=Path)
    parser.add_argument("--keep", type=Path, help="A file of studies that are done: a run broken off goes on from it.")
    parser.add_argument("--held", action="store_true", help="Make no study: a table of those that --keep holds.")
    given = parser.parse_args()
    chosen = [d for d in DESIGNS if not given.only or d.name in given.only.split(",")]
    results = []
    for design in chosen:
        replications = unbroken(design, given.keep) if given.held else given.replications
        if replications < FEWEST_STUDIES:
            continue
        results.append(prove(design, replications, given.workers, given.keep))
        if not given.json:
            print(results[-1], flush=True)
    if given.json:
        print(json.dumps(results))
    if given.write:
        given.write.write_text(page(results), encoding="utf-8")


if __name__ == "__main__":
    main()
