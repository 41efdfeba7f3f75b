"""Claims for the demonstration: what public reports of 2024 and 2025 said, as they said it."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from django.utils.translation import gettext_noop as _

from tirek.access.models import User
from tirek.access.scope import loading
from tirek.indicators.definitions import all_indicators
from tirek.indicators.services import AlreadyPublished, publish, record_claim

ROOMS, INTERNET = "equipped rooms of the support schools", "schools with good Internet"


def load_claims(*, now: datetime, by: object = "") -> int:
    """Note the claims; repeating doubles nothing. Returns their number."""
    for claim in CLAIMS:
        record_claim(**claim, now=now, by=by)
    return len(CLAIMS)


def publish_figures(*, as_of: date, by: User | None, now: datetime) -> int:
    """Publish every figure that the register itself gives; repeating doubles nothing. Returns how many were new."""
    new = 0
    with loading():
        for indicator in all_indicators():
            if indicator.from_decision is None:
                try:
                    publish(indicator.code, as_of=as_of, by=by, now=now)
                    new += 1
                except AlreadyPublished:
                    continue
    return new


CLAIMS = (
    {
        "topic": ROOMS, "value": Decimal(45), "unit": "rooms", "said_on": date(2024, 11, 16), "bound": "exact",
        "source": _("Report on a working visit to Mangystau region, 16.11.2024"), "said_by": _("Government"),
        "texts": {
            "kk": "Демеушілердің қатысуымен тірек мектептерде 45 кабинет жабдықталды.",
            "ru": "При участии спонсоров в опорных школах оснащено 45 кабинетов.",
            "en": "With the sponsors' help 45 classrooms of the support schools were equipped.",
        },
    },
    {
        "topic": ROOMS, "value": Decimal(50), "unit": "rooms", "said_on": date(2024, 12, 13), "bound": "least",
        "source": _("Report on the support-school network in Mangystau region, 13.12.2024"), "said_by": _("Ministry of Education"),
        "texts": {
            "kk": "Тірек мектептерде 50-ден астам білім беру кеңістігі жаңартылды.",
            "ru": "В опорных школах обновлено более 50 образовательных пространств.",
            "en": "More than 50 educational spaces of the support schools were renewed.",
        },
    },
    {
        "topic": ROOMS, "value": Decimal(60), "unit": "rooms", "said_on": None, "bound": "about",
        "source": _("Undated report on the participating schools of the project, 2024"), "said_by": _("Government"),
        "texts": {
            "kk": "Үш мектепте 60-қа жуық кабинет пен білім беру кеңістігі жабдықталды.",
            "ru": "В трёх школах оснащено около 60 кабинетов и образовательных пространств.",
            "en": "About 60 classrooms and educational spaces were equipped in three schools.",
        },
    },
    {
        "topic": INTERNET, "value": Decimal(95), "unit": "%", "said_on": date(2025, 2, 14), "bound": "exact",
        "base_value": Decimal(19), "said_times": Decimal(3), "indicator": "schools.good_internet_share",
        "source": _("Report on the board of the Ministry of Education, 14.02.2025"), "said_by": _("Ministry of Education"),
        "texts": {
            "kk": "Сапалы интернеті бар мектептердің үлесі 2022 жылғы 19 %-дан 2024 жылы 95 %-ға дейін, яғни 3 есе өсті.",
            "ru": "Доля школ с качественным интернетом выросла с 19 % в 2022 году до 95 % в 2024 году, то есть в 3 раза.",
            "en": "The share of schools with good Internet grew from 19 % in 2022 to 95 % in 2024, that is 3 times.",
        },
    },
)  # fmt: skip
