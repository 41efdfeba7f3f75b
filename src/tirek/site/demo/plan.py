"""What is to be made: territories, institutions and how many people each holds. Pure, quick, the same for the same seed."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass

import numpy as np
import polars as pl

from tirek.site.demo import places

REGION_WIDTH, DISTRICT_WIDTH, OWN_WIDTH, STEP = 10_000_000, 100_000, 1_000, 10
COUNTRY_RANGE = (0, 2_147_483_647)
LEVELS = 19  # ages 2..5 in kindergarten, grades 1..11, courses 1..4: one column each of `learners`
KINDERGARTEN, GRADES, COURSES = slice(0, 4), slice(4, 15), slice(15, 19)
GRADE_SHARES = np.array([1.10, 1.10, 1.08, 1.06, 1.04, 1.02, 1.0, 0.96, 0.92, 0.66, 0.60])
SCHOOL, SMALL, GARDEN, COUNSEL, COLLEGE, PSYCH, TRAINING, CAMP, DEPARTMENT = (
    "school", "small_school", "kindergarten", "counselling_centre", "college", "psychological_centre", "training_centre",
    "camp", "department",
)  # fmt: skip


@dataclass(frozen=True)
class Scale:
    """One size of the demonstration. ``support_pupils`` and ``support_teachers`` are reached exactly."""

    name: str
    regions: tuple[str, ...]
    schools: int
    pupils: int
    kindergartens: int
    colleges: int
    counselling: int = 0
    support_pupils: int = 0
    support_teachers: int = 0
    guardians_share: float = 0.0
    teachings_per_class: int = 10


SCALES = {
    "mangystau": Scale("mangystau", ("47",), 150, 112_000, 260, 26, 169, 60_000, 7_000, 0.15, 8),
    "turkestan": Scale("turkestan", ("61",), 1_084, 554_654, 1_300, 82, 240, 0, 0, 0.05, 4),
    "country": Scale(
        "country", tuple(r.kato for r in places.REGIONS), 8_000, 3_900_000, 11_500, 750, 1_500, 60_000, 7_000, 0.01, 2
    ),
    "tiny": Scale("tiny", ("47",), 14, 1_400, 8, 2, 3, 600, 70, 0.2, 3),
}


@dataclass(frozen=True)
class Plan:
    """``institutions`` is in order of ``org_no``; ``learners`` and ``staff`` have a row for each of them."""

    scale: Scale
    seed: int
    year: int  # the school year begins on 1 September of it
    territories: pl.DataFrame
    institutions: pl.DataFrame
    learners: np.ndarray  # int, institutions x LEVELS
    staff: np.ndarray
    guardians: np.ndarray

    @property
    def starts_on(self) -> dt.date:
        return dt.date(self.year, 9, 1)

    def digest(self) -> str:
        """The same for the same scale, seed and year on every machine."""
        digest = hashlib.sha256(f"{self.scale} {self.seed} {self.year}".encode())
        for frame in (self.territories, self.institutions):
            digest.update(frame.write_csv().encode())
        for counts in (self.learners, self.staff, self.guardians):
            digest.update(np.ascontiguousarray(counts, dtype="<i8").tobytes())
        return digest.hexdigest()


def make_plan(scale: str, seed: int, year: int) -> Plan:
    size = SCALES[scale]
    rng = np.random.default_rng([seed, 1])
    territories = _territories(size)
    institutions = _institutions(size, territories, rng)
    learners = _learners(size, institutions, rng)
    return Plan(size, seed, year, territories, institutions, learners, *_grown_ups(size, institutions, learners))


def region_districts(size: Scale, region: places.Region) -> tuple[places.District, ...]:
    if region.kato not in size.regions:
        return ()
    if size.name == "tiny":
        return tuple(d._replace(schools=2, support=1) for d in places.MANGYSTAU_DISTRICTS)
    if region.kato == places.MANGYSTAU:
        return places.MANGYSTAU_DISTRICTS
    share = size.schools if len(size.regions) == 1 else round(size.schools * region.share)
    if region.kato == places.TURKISTAN:
        return places.turkistan_districts(share)
    return places.sample_districts(region, share, 10)


def _territories(size: Scale) -> pl.DataFrame:
    rows = [_territory("000000000", "", "", "country", "", "Қазақстан Республикасы", "Республика Казахстан",
                       "Republic of Kazakhstan", 67.5, 48.2, *COUNTRY_RANGE, False)]  # fmt: skip
    for number, region in enumerate(places.REGIONS, 1):
        lo, code = number * REGION_WIDTH, f"{region.kato}0000000"
        names = (region.kk, region.ru, region.en, region.longitude, region.latitude)
        iso, end = f"KZ-{region.kato}", lo + REGION_WIDTH - 1
        rows.append(_territory(code, "000000000", iso, "region", "", *names, lo, end, region.kato in size.regions))
        for order, district in enumerate(region_districts(size, region), 1):
            rows += _district(district, code, lo + order * DISTRICT_WIDTH)
    return pl.DataFrame(rows).with_columns(order=pl.int_range(pl.len()))


def _district(district: places.District, parent: str, lo: int) -> list[dict]:
    centre = district.settlements[0]
    names = (district.kk, district.ru, district.en, centre.longitude, centre.latitude)
    kind = "urban" if centre.is_urban else "rural"
    rows = [_territory(district.code, parent, "", "district", kind, *names, lo, lo + DISTRICT_WIDTH - 1, True)]
    rows[0] |= {"schools": district.schools, "support": district.support}
    width = (DISTRICT_WIDTH - OWN_WIDTH) // len(district.settlements) // STEP * STEP
    for order, place in enumerate(district.settlements):
        start = lo + OWN_WIDTH + order * width
        code = f"{district.code[:4]}{order + 1:02d}000"
        kind = "urban" if place.is_urban else "rural"
        names = (place.kk, place.ru, place.en, place.longitude, place.latitude)
        row = _territory(code, district.code, "", "settlement", kind, *names, start, start + width - 1, True)
        rows.append(row | {"weight": place.weight})
    return rows


def _territory(code, parent, iso, level, kind, kk, ru, en, longitude, latitude, lo, hi, is_synthetic) -> dict:
    return {
        "code": code, "parent": parent, "iso_3166_2": iso, "level": level, "settlement_kind": kind, "name_kk": kk,
        "name_ru": ru, "name_en": en, "longitude": longitude, "latitude": latitude, "org_lo": lo, "org_hi": hi,
        "is_synthetic": is_synthetic, "schools": 0, "support": 0, "weight": 0.0,
    }  # fmt: skip


def _institutions(size: Scale, territories: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """Kind, number in its district, settlement and number in tree order of every institution."""
    places_of = territories.filter(pl.col("level") == "settlement").partition_by("parent", as_dict=True)
    districts = territories.filter(pl.col("level") == "district").to_dicts()
    total = sum(d["schools"] for d in districts)
    rows: list[dict] = []
    for row in territories.filter(pl.col("level") == "region", pl.col("is_synthetic")).iter_rows(named=True):
        kinds = [DEPARTMENT, PSYCH, TRAINING]
        rows += [_institution(row, row["org_lo"] + STEP * (k + 1), kind, 0) for k, kind in enumerate(kinds)]
    counts = {k: _shares(n, [d["schools"] for d in districts]) for k, n in _wanted(size).items()}
    for number, district in enumerate(districts):
        rows.append(_institution(district, district["org_lo"] + STEP, DEPARTMENT, 0))
        kinds = {kind: int(of[number]) for kind, of in counts.items()} | {SCHOOL: district["schools"]}
        rows += _in_settlements(district, places_of[(district["code"],)], kinds, rng)
    assert total > 0
    frame = pl.DataFrame(rows).sort("org_no")
    return frame.with_columns(code=pl.format("DEMO-{}", pl.col("org_no").cast(pl.String).str.zfill(9)))


def _wanted(size: Scale) -> dict[str, int]:
    camps = max(1, size.schools // 20)
    return {GARDEN: size.kindergartens, COUNSEL: size.counselling, COLLEGE: size.colleges, CAMP: camps}


def _shares(total: int, weights: list[int]) -> np.ndarray:
    """Whole shares of a total, by largest remainder."""
    exact = total * np.asarray(weights, dtype=float) / sum(weights)
    whole = np.floor(exact).astype(int)
    whole[np.argsort(whole - exact, kind="stable")[: total - whole.sum()]] += 1
    return whole


def _in_settlements(district: dict, settlements: pl.DataFrame, kinds: dict, rng: np.random.Generator) -> list[dict]:
    """Spread a district's institutions over its settlements; colleges and camps stay in the centre."""
    spots, weight = settlements.to_dicts(), settlements["weight"].to_numpy()
    used = [0] * len(spots)
    rows: list[dict] = []
    for kind in (SCHOOL, GARDEN, COUNSEL, COLLEGE, CAMP):
        where = np.repeat(np.arange(len(spots)), _shares(kinds[kind], list(weight)))
        if kind in (COLLEGE, CAMP):
            where[:] = 0
        for number, spot in enumerate(where, 1):
            place = spots[spot]
            org_no = place["org_lo"] + STEP * used[spot]
            used[spot] += 1
            small = kind == SCHOOL and spot > 0 and place["settlement_kind"] == "rural" and rng.random() < 0.35
            rows.append(_institution(place, org_no, SMALL if small else kind, number))
    _choose_support(rows, district["support"])
    return rows


def _choose_support(rows: list[dict], wanted: int) -> None:
    """Every second or third full school of the district, so that town and village are both among them."""
    full = [row for row in rows if row["kind"] == SCHOOL]
    for index in np.linspace(0, len(full) - 1, wanted).round().astype(int) if wanted else ():
        full[index]["is_support"] = True


def _institution(place: dict, org_no: int, kind: str, number: int) -> dict:
    return {
        "org_no": org_no, "kind": kind, "number": number, "territory": place["code"],
        "is_rural": place["settlement_kind"] == "rural", "is_support": False, "place_kk": place["name_kk"],
        "place_ru": place["name_ru"], "place_en": place["name_en"], "longitude": place["longitude"],
        "latitude": place["latitude"],
    }  # fmt: skip


def _learners(size: Scale, institutions: pl.DataFrame, rng: np.random.Generator) -> np.ndarray:
    kind = institutions["kind"].to_numpy()
    rural, support = institutions["is_rural"].to_numpy(), institutions["is_support"].to_numpy()
    spread = rng.lognormal(0, 0.35, len(kind))
    is_school = np.isin(kind, [SCHOOL, SMALL])
    weight = np.where(kind == SMALL, 90, np.where(rural, 420, 950)) * spread
    pupils = np.zeros(len(kind), dtype=int)
    pupils[is_school & support] = (
        _shares(size.support_pupils, list(weight[is_school & support])) if support.any() else 0
    )
    others = is_school & ~support
    pupils[others] = _shares(size.pupils - pupils.sum(), list(weight[others]))
    learners = np.zeros((len(kind), LEVELS), dtype=int)
    for row in np.flatnonzero(is_school):
        learners[row, GRADES] = _shares(pupils[row], list(GRADE_SHARES * rng.uniform(0.9, 1.1, 11)))
    factor = 0.1 if size.name == "tiny" else 1.0
    garden, college = kind == GARDEN, kind == COLLEGE
    learners[garden, KINDERGARTEN] = (factor * 14 * spread[garden, None] * [0.6, 1.0, 1.2, 1.2]).round().astype(int)
    learners[college, COURSES] = (factor * 130 * spread[college, None] * [1.2, 1.1, 1.0, 0.6]).round().astype(int)
    return learners


def _grown_ups(size: Scale, institutions: pl.DataFrame, learners: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    kind, support = institutions["kind"].to_numpy(), institutions["is_support"].to_numpy()
    total = learners.sum(1)
    each = {GARDEN: 9, COLLEGE: 16, SCHOOL: 13, SMALL: 7}
    staff = np.array([n // each[k] + 3 if k in each else 8 for k, n in zip(kind, total, strict=True)])
    staff[kind == CAMP] = 0
    staff[kind == COUNSEL] = 2
    if support.any():  # a head and a psychologist beside the teachers
        staff[support] = _shares(size.support_teachers, list(total[support])) + 2
    guardians = np.where(np.isin(kind, [SCHOOL, SMALL, GARDEN]), total * size.guardians_share, 0).astype(int)
    return staff, guardians
