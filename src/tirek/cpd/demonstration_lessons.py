"""Lessons of the demonstration's library, with their versions, ratings and uses. Invented; the same every time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from django.utils import timezone

from tirek.cpd.models import Author, Edition, Lesson, Rating, Submission, SubmissionState, Use
from tirek.cpd.services.practice import keep_files
from tirek.registry.models import Employment
from tirek.tasks.services import File


class Shown(NamedTuple):
    """One lesson of the library."""

    subject: str
    language: str
    kind: str
    title: str
    topics: tuple[str, ...]
    grades: tuple[int, ...]
    goals: str
    text: str


LESSONS = (
    Shown("mathematics", "kk", "lesson", "Бөлшектерді қағаз жолақпен салыстыру", ("mathematics",), (5, 6),
          "Бөлімі әртүрлі екі бөлшекті сызба арқылы салыстырады және шешімін көршісіне түсіндіреді.",
          "1. Әр жұпқа екі бірдей қағаз жолақ беріледі (3 мин).\n2. Жолақты 3 және 4 бөлікке бүктейді, ²⁄₃ пен ³⁄₄ бөлігін бояйды (10 мин).\n3. Қайсысы ұзын, неге — дәптерге бір сөйлем жазады (7 мин).\n4. Жұптар сұрақ ауыстырады, мұғалім тек тыңдайды (15 мин).\n5. Шығу билеті: ⁵⁄₆ пен ⁷⁄₈ (5 мин)."),
    Shown("mathematics", "ru", "lesson", "Пропорция на карте района", ("mathematics",), (6,),
          "Находит расстояние по масштабу и проверяет ответ прикидкой.",
          "Карта района у каждой пары. Сначала оценка на глаз, потом линейка и пропорция, потом сравнение. Ошибку больше 20 % пара объясняет у доски."),
    Shown("physics", "kk", "lesson", "Судың қайнауын өлшейміз", ("science",), (8,),
          "Температураның уақытқа тәуелділік графигін салып, қайнау кезінде неге өспейтінін айтады.",
          "Топта төртеу: біреуі сағатта, біреуі термометрде, екеуі графикте. Минут сайын өлшейді. Қайнаған соң бес өлшем жасау міндетті: сұрақ сонда туады."),
    Shown("biology", "kk", "lesson", "Жапырақты микроскоппен қарау", ("science",), (6, 7),
          "Препарат жасайды, жасуша қабығын, устьицені тауып суретін салады.",
          "Микроскоп алтау болса жетеді: үш адамға біреуі. Пияз қабығынан бастайық, себебі көрінбесе де екінші рет жасау оңай."),
    Shown("chemistry", "ru", "lesson", "Индикатор из краснокочанной капусты", ("science",), (7, 8),
          "Различает кислую и щелочную среду по цвету и записывает наблюдение отдельно от вывода.",
          "Капусту залить кипятком накануне. Пять стаканчиков: уксус, сода, мыло, вода, сок. Дети сначала предсказывают цвет, потом капают."),
    Shown("kazakh_language", "kk", "method", "Мәтіннен дәлел табу", ("reading", "kazakh"), (7, 8, 9),
          "Пікірін мәтіндегі сөйлеммен дәлелдейді және дәлел жетпесе соны мойындайды.",
          "«Айтты — көрсет» ережесі: пікір айтқан оқушы мәтіннің жолын атайды. Сынып қол көтеріп келіседі не келіспейді. Он минуттық әдіс кез келген мәтінге жарайды."),
    Shown("russian_language", "ru", "method", "Вопрос толстый и вопрос тонкий", ("reading",), (5, 6, 7),
          "Задаёт к тексту вопрос, на который нельзя ответить одним словом.",
          "Лист делится пополам: слева тонкие вопросы, справа толстые. Пары меняются листами и отвечают только на правую сторону."),
    Shown("informatics", "kk", "lesson", "Роботқа жол салу", ("robotics", "informatics"), (5, 6, 7),
          "Робот лабиринттен шығатын алгоритмді жазып, қатесін өзі табады.",
          "Еденге скотчпен лабиринт жапсырамыз. Алдымен бір оқушы робот болып жүреді, екіншісі бұйрық береді. Содан кейін ғана компьютер."),
    Shown("elementary", "kk", "method", "Жұпта оқу", ("reading", "elementary"), (2, 3, 4),
          "Дауыстап оқиды, серігінің қатесін сыпайы түзейді.",
          "Күшті оқушы мен баяу оқитын бала жұп болады, рөлдері күн сайын ауысады. Күніне 12 минут. Алты аптадан кейін жылдамдықты өлшейміз."),
    Shown("english", "en", "lesson", "A postcard to a twin school", ("english",), (6, 7),
          "Writes eight sentences about the own town in the present simple and checks them with a list.",
          "Start from three photographs of the town. Pairs say one sentence for each before anybody writes. The postcards are sent: a real reader changes the writing."),
    Shown("history", "kk", "lesson", "Екі дереккөз, бір оқиға", ("methods", "reading"), (8, 9),
          "Екі дереккөздің айырмасын табады және оның себебін болжайды.",
          "Әр топқа екі қысқа үзінді беріледі. Кесте: не айтылған, не айтылмаған, автор кім. Қорытынды екі сөйлемнен аспайды."),
    Shown("geography", "ru", "lesson", "Откуда ветер на Каспии", ("science",), (7,),
          "Читает розу ветров и связывает её с рельефом побережья.",
          "Данные за месяц с метеостанции школы или из приложения к уроку. Розу ветров каждый строит сам на миллиметровке; спор начинается, когда розы не совпадают."),
)  # fmt: skip
SHEETS = {
    "kk": "Тапсырма парағы (көрсетілім)\n\n1. Болжам жазыңыз.\n2. Өлшеңіз немесе табыңыз.\n3. Болжам мен нәтижені салыстырыңыз.\n",
    "ru": "Рабочий лист (демонстрация)\n\n1. Запишите предположение.\n2. Измерьте или найдите.\n3. Сравните с предположением.\n",
    "en": "Worksheet (demonstration)\n\n1. Write what you expect.\n2. Measure or find.\n3. Compare.\n",
}
CHANGES = {
    "kk": "Тапсырма парағы қосылды, уақыт нақтыланды.",
    "ru": "Добавлен рабочий лист, уточнено время.",
    "en": "A worksheet is added and the minutes are put right.",
}
COMMENTS = (
    "Сыныпта жақсы өтті, 40 минутқа сыйды.", "Қағазды алдын ала қию керек екен.", "Прошло хорошо, но на обсуждение не хватило времени.",
    "Әлсіз оқушыларға тірек сөздер керек.", "Детям понравилось спорить.", "",
)  # fmt: skip


def share_lessons(authors: Sequence[Employment], teacher: Employment | None, random: np.random.Generator, now) -> int:
    """A library: the account of the demonstration's teacher is the author of one lesson and has offered another."""
    for place, (shown, work) in enumerate(zip(LESSONS, authors, strict=False)):
        own = teacher if teacher is not None and place == 0 else work
        _lesson(f"L-D-{place:05d}", shown, own, place % 3 == 0, random, now)
    if teacher is not None:
        _offered(
            "L-D-90001", LESSONS[8]._replace(title="Сөйлемді аяқта: жұппен жазу"), teacher, SubmissionState.SENT, now
        )
        _offered("L-D-90002", LESSONS[5]._replace(title="Кестеден сұрақ құрау"), teacher, SubmissionState.RETURNED, now)
    for place, work in enumerate(authors[-3:]):
        shown = LESSONS[place + 1]._replace(title=f"{LESSONS[place + 1].title} (2)")
        _offered(f"L-D-9010{place}", shown, work, SubmissionState.SENT, now)
    return min(len(LESSONS), len(authors))


def _lesson(code: str, shown: Shown, work: Employment, has_two: bool, random: np.random.Generator, now) -> None:
    at = now - dt.timedelta(days=int(random.integers(120, 600)))
    later = now - dt.timedelta(days=int(random.integers(20, 100)))
    content = _content(shown) | {"author_names": work.person_name}
    sheet = keep_files([File("tapsyrma.txt", "text/plain", SHEETS[shown.language].encode())]) if has_two else []
    n_rated, n_used = int(random.integers(0, 16)), int(random.integers(4, 40))
    stars = random.choice([3, 4, 4, 5, 5], size=n_rated)
    latest = {"files": sheet, "published_at": later if has_two else at}
    lesson = Lesson.objects.create(
        code=code, org_no=work.org_no, edition=2 if has_two else 1, rating_n=n_rated, rating_sum=int(stars.sum()),
        use_n=n_used, **content, **latest,
    )  # fmt: skip
    Edition.objects.create(lesson=lesson, org_no=work.org_no, number=1, published_at=at, **content)
    if has_two:
        Edition.objects.create(
            lesson=lesson, org_no=work.org_no, number=2, changes=CHANGES[shown.language], **content, **latest
        )
    Author.objects.create(lesson=lesson, person_id=work.person_id, org_no=work.org_no)
    Rating.objects.bulk_create(  # readers who have no account: numbers below nought
        Rating(lesson=lesson, user_id=-n, org_no=work.org_no, stars=int(star), comment=COMMENTS[n % len(COMMENTS)], at=later)
        for n, star in enumerate(stars, 1)
    )  # fmt: skip
    first = timezone.localdate(at)
    Use.objects.bulk_create(
        Use(lesson=lesson, user_id=-1 - n % 20, org_no=work.org_no, on=first + dt.timedelta(days=1 + n // 20)) for n in range(n_used)
    )  # fmt: skip


def _offered(code: str, shown: Shown, work: Employment, state: str, now) -> None:
    is_returned = state == SubmissionState.RETURNED
    Submission.objects.create(
        code=code, org_no=work.org_no, person_id=work.person_id, person_name=work.person_name, author_names=work.person_name,
        state=state, sent_at=now - dt.timedelta(days=6), reviewed_at=now - dt.timedelta(days=2) if is_returned else None,
        reviewer_name="Олжас Қыранов" if is_returned else "", reason="Мақсатты оқушы не істей алатыны арқылы жазыңыз." if is_returned else "",
        **_content(shown),
    )  # fmt: skip


def _content(shown: Shown) -> dict:
    return shown._asdict() | {"topics": list(shown.topics), "grades": list(shown.grades)}
