"""Invented tasks of school mathematics for the demonstration: the same place gives the same task. Pure."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from tirek.assessment.bank.wording import LANGUAGES, Wording, letter

CAN_DO = {
    "number": (
        "Натурал сандарды қосады, азайтады және көбейтеді.",
        "Складывает, вычитает и умножает натуральные числа.",
        "Adds, subtracts and multiplies whole numbers.",
    ),
    "measure": (
        "Ұзындық, масса және уақыт бірліктерімен есептейді.",
        "Считает с единицами длины, массы и времени.",
        "Works with units of length, mass and time.",
    ),
    "geometry": (
        "Фигураның периметрін, ауданын және бұрышын табады.",
        "Находит периметр, площадь и углы фигуры.",
        "Finds the perimeter, the area and the angles of a figure.",
    ),
    "data": (
        "Деректерді жинақтап, қосындысын, айырмасын және ортасын табады.",
        "Обобщает данные: находит сумму, разность и среднее.",
        "Sums data up: total, difference and mean.",
    ),
    "algebra": (
        "Қарапайым теңдеуді шешеді және өрнектің мәнін табады.",
        "Решает простое уравнение и находит значение выражения.",
        "Solves a simple equation and finds the value of an expression.",
    ),
    "problems": (
        "Баға, жылдамдық және тең бөлу туралы мәтінді есептерді шығарады.",
        "Решает текстовые задачи о цене, скорости и делении поровну.",
        "Solves word problems about price, speed and sharing equally.",
    ),
    "reasoning": (
        "Бірнеше қадамды ойлап, белгісіз санды табады.",
        "Рассуждает в несколько шагов и находит неизвестное число.",
        "Reasons in several steps and finds an unknown number.",
    ),
}
Said = tuple[str, str, str]
Asked = tuple[Said, int]


@dataclass(frozen=True)
class Invented:
    """A task with its key; ``picture`` is an SVG and its words in three languages."""

    kind: str
    key: str
    wordings: dict[str, Wording]
    can_do: dict[str, str]
    picture: tuple[str, Said] | None = None


def invented(grade: int, area: str, place: int) -> Invented:
    """The task of a place (from 0) in a content area."""
    chance = random.Random(f"{grade}/{area}/{place}")  # noqa: S311  nothing secret: a demonstration
    makers = MAKERS.get(area, MAKERS["number"])
    said, answer = makers[place % len(makers)](chance, grade)
    is_number = place % 4 == 3
    options = () if is_number else _options(chance, answer)
    wordings = {language: Wording(stem, options) for language, stem in zip(LANGUAGES, said, strict=True)}
    key = str(answer) if is_number else letter(options.index(str(answer)))
    can_do = dict(zip(LANGUAGES, CAN_DO.get(area, CAN_DO["number"]), strict=True))
    drawn = _rectangle(chance, grade) if area == "geometry" and place % len(makers) == 0 else None
    if drawn is not None:
        sides, picture = drawn
        answer = 2 * sum(sides)
        options = () if is_number else _options(chance, answer)
        wordings = {language: Wording(stem, options) for language, stem in zip(LANGUAGES, PERIMETER, strict=True)}
        key = str(answer) if is_number else letter(options.index(str(answer)))
        return Invented("number" if is_number else "choice", key, wordings, can_do, picture)
    return Invented("number" if is_number else "choice", key, wordings, can_do)


def _options(chance: random.Random, answer: int) -> tuple[str, ...]:
    """The answer and three others of its size, in order of size."""
    near = [answer + step for step in (-10, -2, -1, 1, 2, 10) if answer + step > 0]
    return tuple(str(n) for n in sorted([answer, *chance.sample(near, 3)]))


PERIMETER = (
    "Суреттегі тіктөртбұрыштың периметрі неше сантиметр?",
    "Чему равен периметр прямоугольника на рисунке, в сантиметрах?",
    "What is the perimeter of the rectangle in the picture, in centimetres?",
)


def _rectangle(chance: random.Random, grade: int) -> tuple[tuple[int, int], tuple[str, Said]]:
    a, b = chance.randint(6, 9) + grade // 2, chance.randint(3, 5)
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {a * 20 + 60} {b * 20 + 40}" width="{a * 20 + 60}"'
        f' height="{b * 20 + 40}"><rect x="10" y="10" width="{a * 20}" height="{b * 20}" fill="none" stroke="black"'
        f' stroke-width="2"/><text x="{a * 10}" y="{b * 20 + 30}" font-size="14" font-family="Noto Sans">{a} см</text>'
        f'<text x="{a * 20 + 15}" y="{b * 10 + 15}" font-size="14" font-family="Noto Sans">{b} см</text></svg>'
    )
    words = (
        f"Тіктөртбұрыш: ұзындығы {a} см, ені {b} см.",
        f"Прямоугольник: длина {a} см, ширина {b} см.",
        f"A rectangle, {a} cm long and {b} cm wide.",
    )
    return (a, b), (svg, words)


def _sum(c: random.Random, grade: int) -> Asked:
    a, b = c.randint(11, 20 * grade), c.randint(11, 20 * grade)
    return (f"Есептеңіз: {a} + {b}.", f"Вычислите: {a} + {b}.", f"Work out {a} + {b}."), a + b


def _product(c: random.Random, grade: int) -> Asked:
    a, b = c.randint(12, 10 * grade), c.randint(3, 9)
    return (f"Есептеңіз: {a} · {b}.", f"Вычислите: {a} · {b}.", f"Work out {a} · {b}."), a * b


def _minus(c: random.Random, grade: int) -> Asked:
    a, b = c.randint(11, 20 * grade), c.randint(11, 20 * grade)
    return (f"Есептеңіз: {a + b} − {a}.", f"Вычислите: {a + b} − {a}.", f"Work out {a + b} − {a}."), b


def _metres(c: random.Random, grade: int) -> Asked:
    a, b = c.randint(2, 9), c.randint(5, 95)
    return (
        f"{a} м {b} см неше сантиметр?",
        f"Сколько сантиметров в {a} м {b} см?",
        f"How many centimetres are {a} m {b} cm?",
    ), a * 100 + b


def _lesson(c: random.Random, grade: int) -> Asked:
    n, pause = c.randint(3, 5), c.choice([10, 15])
    return (
        f"Бір сабақ 40 минутқа созылады, сабақтар арасындағы үзіліс – {pause} минут. {n} сабақ үзілістерімен бірге неше "
        "минутқа созылады?",
        f"Урок длится 40 минут, перемена между уроками – {pause} минут. Сколько минут длятся уроки вместе с переменами, "
        f"если уроков {n}?",
        f"A lesson takes 40 minutes, the break between lessons {pause} minutes. How many minutes do {n} lessons take "
        "with the breaks between them?",
    ), 40 * n + pause * (n - 1)


def _sacks(c: random.Random, grade: int) -> Asked:
    a, b = c.randint(12, 10 * grade), c.randint(5, 9)
    return (
        f"Бір қапта {a} кг ұн бар. Осындай {b} қапта неше килограмм ұн бар?",
        f"В одном мешке {a} кг муки. Сколько килограммов муки в {b} таких мешках?",
        f"One sack holds {a} kg of flour. How many kilograms are in {b} such sacks?",
    ), a * b


def _area(c: random.Random, grade: int) -> Asked:
    a, b = c.randint(6, 4 * grade), c.randint(3, 9)
    return (
        f"Тіктөртбұрыштың қабырғалары {a} см және {b} см. Оның ауданы неше шаршы сантиметр?",
        f"Стороны прямоугольника – {a} см и {b} см. Чему равна его площадь в квадратных сантиметрах?",
        f"The sides of a rectangle are {a} cm and {b} cm. What is its area in square centimetres?",
    ), a * b


def _angle(c: random.Random, grade: int) -> Asked:
    a, b = 5 * c.randint(6, 16), 5 * c.randint(6, 16)
    return (
        f"Үшбұрыштың екі бұрышы {a}° және {b}°. Үшінші бұрышы неше градус?",
        f"Два угла треугольника – {a}° и {b}°. Сколько градусов в третьем углу?",
        f"Two angles of a triangle are {a}° and {b}°. How many degrees has the third?",
    ), 180 - a - b


def _books(c: random.Random, grade: int) -> Asked:
    a, b, d = (c.randint(11, 15 * grade) for _each in range(3))
    return (
        f"Кітапханадан дүйсенбіде {a}, сейсенбіде {b}, сәрсенбіде {d} кітап алынды. Үш күнде барлығы неше кітап алынды?",
        f"Книг взяли в библиотеке: в понедельник – {a}, во вторник – {b}, в среду – {d}. Сколько книг взяли за три дня?",
        f"Books taken from the library: Monday {a}, Tuesday {b}, Wednesday {d}. How many in the three days?",
    ), a + b + d


def _mean(c: random.Random, grade: int) -> Asked:
    m, d = c.randint(20, 20 * grade), c.randint(2, 9)
    a, b, e = m - d, m + 2 * d, m - d
    return (
        f"{a}, {b} және {e} сандарының арифметикалық ортасы неге тең?",
        f"Чему равно среднее арифметическое чисел {a}, {b} и {e}?",
        f"What is the mean of the numbers {a}, {b} and {e}?",
    ), m


def _difference(c: random.Random, grade: int) -> Asked:
    a, b = c.randint(60, 30 * grade), c.randint(15, 50)
    return (
        f"Бірінші мектептің кітапханасында {a} сөздік, екіншісінде {b} сөздік бар. Біріншісінде неше сөздік артық?",
        f"Словарей в библиотеке первой школы – {a}, второй – {b}. На сколько словарей больше в первой?",
        f"The first school’s library has {a} dictionaries, the second’s {b}. How many more has the first?",
    ), a - b


def _equation(c: random.Random, grade: int) -> Asked:
    x, a = c.randint(11, 15 * grade), c.randint(12, 20 * grade)
    return (
        f"Теңдеуді шешіңіз: x + {a} = {x + a}. x неге тең?",
        f"Решите уравнение: x + {a} = {x + a}. Чему равен x?",
        f"Solve the equation x + {a} = {x + a}. What is x?",
    ), x


def _expression(c: random.Random, grade: int) -> Asked:
    a, b, x = c.randint(3, 9), c.randint(5, 40), c.randint(3, 3 * grade)
    return (
        f"x = {x} болғанда, {a}x + {b} өрнегінің мәні неге тең?",
        f"Чему равно значение выражения {a}x + {b} при x = {x}?",
        f"What is the value of {a}x + {b} when x = {x}?",
    ), a * x + b


def _sequence(c: random.Random, grade: int) -> Asked:
    a, d = c.randint(11, 60), c.randint(4, 4 * grade)
    shown = ", ".join(str(a + d * k) for k in range(4))
    return (
        f"Тізбек бір ережемен құрылған: {shown}, … Келесі сан қандай?",
        f"Ряд построен по одному правилу: {shown}, … Какое число следующее?",
        f"A sequence follows one rule: {shown}, … Which number is next?",
    ), a + 4 * d


def _price(c: random.Random, grade: int) -> Asked:
    p, n = 10 * c.randint(8, 6 * grade), c.randint(5, 9)
    return (
        f"Бір дәптер {p} теңге тұрады. Осындай {n} дәптер неше теңге тұрады?",
        f"Одна тетрадь стоит {p} тенге. Сколько тенге стоят {n} таких тетрадей?",
        f"One exercise book costs {p} tenge. How many tenge do {n} of them cost?",
    ), p * n


def _bus(c: random.Random, grade: int) -> Asked:
    v, t = 5 * c.randint(9, 18), c.randint(2, 2 + grade // 2)
    return (
        f"Автобус {v} км/сағ жылдамдықпен {t} сағат жүрді. Ол неше километр жол жүрді?",
        f"Автобус ехал {t} ч со скоростью {v} км/ч. Сколько километров он проехал?",
        f"A bus drove for {t} hours at {v} km/h. How many kilometres did it go?",
    ), v * t


def _teams(c: random.Random, grade: int) -> Asked:
    k, each = c.randint(5, 8), c.randint(4, 3 * grade)
    return (
        f"{k * each} оқушы {k} командаға тең бөлінді. Әр командада неше оқушы бар?",
        f"Учеников – {k * each}. Их поделили поровну на {k} команд. Сколько учеников в каждой команде?",
        f"{k * each} pupils were shared equally among {k} teams. How many pupils are in each team?",
    ), each


def _thought(c: random.Random, grade: int) -> Asked:
    x, a, b = c.randint(4, 4 * grade), c.randint(2, 6), c.randint(3, 20)
    return (
        f"Мен бір сан ойладым, оны {a} санына көбейтіп, {b} қостым. Нәтижесі – {a * x + b}. Қандай сан ойладым?",
        f"Я задумал число, умножил его на {a} и прибавил {b}. Получилось {a * x + b}. Какое число я задумал?",
        f"I thought of a number, multiplied it by {a} and added {b}. The result is {a * x + b}. What was my number?",
    ), x


def _ages(c: random.Random, grade: int) -> Asked:
    d, a = c.randint(7, 12), c.randint(5, 8)
    return (
        f"Әсел Данадан {a} жас үлкен. Екеуінің жасының қосындысы – {2 * d + a}. Дана неше жаста?",
        f"Асель старше Даны на {a} лет. Сумма их возрастов – {2 * d + a}. Сколько лет Дане?",
        f"Asel is {a} years older than Dana. Their ages add up to {2 * d + a}. How old is Dana?",
    ), d


def _trees(c: random.Random, grade: int) -> Asked:
    n, d = c.randint(6, 12), c.randint(3, 2 * grade)
    return (
        f"Бір қатарда {n} ағаш бар, көрші екі ағаштың арасы {d} м. Бірінші және соңғы ағаштың арасы неше метр?",
        f"В ряду {n} деревьев, между соседними деревьями – {d} м. Сколько метров между первым и последним?",
        f"{n} trees stand in a row, {d} m between neighbours. How many metres are between the first and the last?",
    ), (n - 1) * d


MAKERS: dict[str, tuple[Callable[[random.Random, int], Asked], ...]] = {
    "number": (_sum, _product, _minus),
    "measure": (_metres, _lesson, _sacks),
    "geometry": (_area, _area, _angle),
    "data": (_books, _mean, _difference),
    "algebra": (_equation, _expression, _sequence),
    "problems": (_price, _bus, _teams),
    "reasoning": (_thought, _ages, _trees),
}
