"""What the three questionnaires of the demonstration ask, in Kazakh, Russian and English."""

from __future__ import annotations

from dataclasses import dataclass

Words = tuple[str, str, str]
"""Kazakh, Russian, English."""


@dataclass(frozen=True)
class Asked:
    """A statement that one agrees with or not. ``reverse``: agreeing is bad."""

    name: str
    words: Words
    reverse: bool = False


@dataclass(frozen=True)
class Scale:
    code: str
    title: Words
    asked: tuple[Asked, ...]


@dataclass(frozen=True)
class Questionnaire:
    """``wishes`` is a question with several choices, ``said`` an open one."""

    code: str
    audience: str
    title: Words
    greeting: Words
    scales: tuple[Scale, ...]
    wishes: Words
    wish_list: tuple[tuple[str, Words], ...]
    said: Words
    grades: tuple[int, ...] = ()


AGREE: tuple[tuple[str, Words], ...] = (
    ("1", ("Мүлдем келіспеймін", "Совсем не согласен", "Strongly disagree")),
    ("2", ("Келіспеймін", "Не согласен", "Disagree")),
    ("3", ("Әрі келісемін, әрі келіспеймін", "И да, и нет", "Yes and no")),
    ("4", ("Келісемін", "Согласен", "Agree")),
    ("5", ("Толық келісемін", "Полностью согласен", "Strongly agree")),
)
GREETING: Words = (
    "Атыңызды жазбаңыз. Дұрыс немесе бұрыс жауап жоқ: қалай ойласаңыз, солай жауап беріңіз.",
    "Имени писать не нужно. Правильных и неправильных ответов нет: отвечайте так, как думаете.",
    "Do not write your name. There are no right or wrong answers: say what you think.",
)
EQUIPMENT: Words = ("Кабинеттер мен құралдар", "Кабинеты и оборудование", "Rooms and equipment")
SAFETY: Words = ("Қауіпсіздік пен қарым-қатынас", "Безопасность и отношения", "Safety and relations")
LESSONS: Words = ("Сабақ", "Уроки", "Lessons")

TEACHERS = Questionnaire(
    "teachers-needs", "teachers",
    ("Мұғалімнің қажеттіліктері", "Потребности учителя", "What teachers need"),
    GREETING,
    (
        Scale("equipment", EQUIPMENT, (
            Asked("eq_room", ("Мен сабақ беретін кабинет пәніме сай жабдықталған.", "Кабинет, где я веду уроки, оснащён для моего предмета.", "The room I teach in is equipped for my subject.")),
            Asked("eq_work", ("Кабинеттегі құрал-жабдық жұмыс істейді.", "Оборудование в кабинете исправно.", "The equipment in the room works.")),
            Asked("eq_lack", ("Құрал жетпегендіктен тәжірибелік жұмыстарды өткізе алмай қаламын.", "Из-за нехватки оборудования я не могу провести практические работы.", "I have to skip practical work because equipment is missing."), reverse=True),
            Asked("eq_net", ("Интернет сабаққа жетеді.", "Интернета хватает для урока.", "The Internet is good enough for a lesson.")))),
        Scale("digital", ("Цифрлық құралдарды қолдану", "Работа с цифровыми инструментами", "Using digital tools"), (
            Asked("dg_plan", ("Сабаққа цифрлық материалды өзім дайындай аламын.", "Я умею сам готовить цифровые материалы к уроку.", "I can prepare digital material for a lesson myself.")),
            Asked("dg_class", ("Сыныпта цифрлық құралдарды сенімді қолданамын.", "Я уверенно пользуюсь цифровыми инструментами на уроке.", "I use digital tools in class with confidence.")),
            Asked("dg_test", ("Оқушылардың білімін онлайн бағалай аламын.", "Я умею оценивать знания учеников онлайн.", "I can assess pupils online.")),
            Asked("dg_help", ("Құрал істемей қалса, көмексіз не істерімді білмеймін.", "Если техника не работает, без помощи я не знаю, что делать.", "When a device fails I do not know what to do without help."), reverse=True))),
        Scale("inclusion", ("Ерекше қажеттілігі бар балалармен жұмыс", "Работа с детьми с особыми потребностями", "Teaching children with special needs"), (
            Asked("in_adapt", ("Тапсырманы ерекше қажеттілігі бар балаға бейімдей аламын.", "Я умею приспособить задание для ребёнка с особыми потребностями.", "I can adapt a task for a child with special needs.")),
            Asked("in_class", ("Сыныптағы әртүрлі деңгеймен жұмыс істей аламын.", "Я умею работать с разными уровнями в одном классе.", "I can work with different levels in one class.")),
            Asked("in_who", ("Қиналғанда кімге жүгінерімді білемін.", "Я знаю, к кому обратиться, если трудно.", "I know whom to ask when it gets difficult.")),
            Asked("in_alone", ("Бұл жұмыста мені жалғыз қалдырады.", "В этой работе я остаюсь один.", "In this work I am left alone."), reverse=True))),
        Scale("assessment", ("Бағалау", "Оценивание", "Assessment"), (
            Asked("as_goal", ("Бағалау критерийлерін өзім құра аламын.", "Я умею сам составлять критерии оценивания.", "I can write assessment criteria myself.")),
            Asked("as_back", ("Оқушыға нені жақсарту керегін айтып кері байланыс беремін.", "Я даю ученику обратную связь: что и как улучшить.", "I tell pupils what to improve and how.")),
            Asked("as_data", ("Мониторинг нәтижесін сабақ жоспарлауда қолданамын.", "Результаты мониторинга я использую при планировании уроков.", "I use monitoring results when planning lessons.")))),
        Scale("safety", SAFETY, (
            Asked("sf_talk", ("Мектепте қиындық туралы ашық айтуға болады.", "В школе можно открыто говорить о трудностях.", "At school one can speak openly about difficulties.")),
            Asked("sf_help", ("Әріптестер бір-біріне көмектеседі.", "Коллеги помогают друг другу.", "Colleagues help one another.")),
            Asked("sf_calm", ("Сабақта тәртіп сақталады.", "На уроках порядок.", "Lessons are orderly.")))),
    ),
    ("Сізге қандай курстар керек?", "Какие курсы вам нужны?", "Which courses do you need?"),
    (
        ("subject", ("Пән бойынша", "По предмету", "My subject")),
        ("digital", ("Цифрлық құралдар", "Цифровые инструменты", "Digital tools")),
        ("inclusion", ("Инклюзивті білім беру", "Инклюзивное образование", "Inclusive education")),
        ("assessment", ("Бағалау", "Оценивание", "Assessment")),
        ("stem", ("STEM және робототехника", "STEM и робототехника", "STEM and robotics")),
        ("psychology", ("Психология, бала құқығы", "Психология, права ребёнка", "Psychology, rights of the child")),
        ("none", ("Керек емес", "Не нужны", "None")),
    ),
    ("Жұмысыңызға не көбірек көмектесер еді?", "Что больше всего помогло бы вашей работе?", "What would help your work most?"),
)  # fmt: skip
PUPILS = Questionnaire(
    "pupils-school", "pupils",
    ("Мектебіміз туралы", "О нашей школе", "About our school"),
    GREETING,
    (
        Scale("lessons", LESSONS, (
            Asked("ls_clear", ("Мұғалім түсінікті түсіндіреді.", "Учитель объясняет понятно.", "The teacher explains clearly.")),
            Asked("ls_ask", ("Түсінбесем, сұрай аламын.", "Если я не понял, я могу спросить.", "When I do not understand I can ask.")),
            Asked("ls_bore", ("Сабақта іш пысады.", "На уроках скучно.", "Lessons are boring."), reverse=True),
            Asked("ls_do", ("Сабақта өзіміз тәжірибе жасаймыз.", "На уроках мы сами проводим опыты.", "In lessons we do experiments ourselves.")))),
        Scale("safety", SAFETY, (
            Asked("sf_safe", ("Мектепте өзімді қауіпсіз сезінемін.", "В школе я чувствую себя в безопасности.", "I feel safe at school.")),
            Asked("sf_bully", ("Мені мектепте қорлайды немесе мазақтайды.", "Меня в школе обижают или дразнят.", "I am bullied or teased at school."), reverse=True),
            Asked("sf_adult", ("Мектепте сенетін ересегім бар.", "В школе есть взрослый, которому я доверяю.", "There is an adult at school whom I trust.")),
            Asked("sf_friend", ("Менің мектепте достарым бар.", "У меня в школе есть друзья.", "I have friends at school.")))),
        Scale("equipment", EQUIPMENT, (
            Asked("eq_comp", ("Компьютерлер жақсы жұмыс істейді.", "Компьютеры хорошо работают.", "The computers work well.")),
            Asked("eq_lab", ("Зертханада керектің бәрі бар.", "В лаборатории есть всё нужное.", "The laboratory has what is needed.")),
            Asked("eq_warm", ("Сыныпта жылы әрі таза.", "В классе тепло и чисто.", "The classroom is warm and clean.")))),
    ),
    ("Мектепте не жетіспейді?", "Чего не хватает в школе?", "What is missing at school?"),
    (
        ("lab", ("Зертхана", "Лаборатории", "A laboratory")),
        ("robotics", ("Робототехника", "Робототехники", "Robotics")),
        ("books", ("Кітаптар", "Книг", "Books")),
        ("gym", ("Спорт залы", "Спортзала", "A gym")),
        ("rest", ("Демалыс орны", "Места для отдыха", "A place to rest")),
        ("none", ("Бәрі бар", "Всё есть", "Nothing")),
    ),
    ("Нені өзгертер едің?", "Что бы ты изменил?", "What would you change?"),
    (8, 9, 10, 11),
)  # fmt: skip
PARENTS = Questionnaire(
    "parents-school", "parents",
    ("Балаңыздың мектебі", "Школа вашего ребёнка", "Your child's school"),
    GREETING,
    (
        Scale("information", ("Мектеппен байланыс", "Связь со школой", "Contact with the school"), (
            Asked("if_know", ("Баламның оқуы туралы дер кезінде хабар аламын.", "Я вовремя узнаю об учёбе ребёнка.", "I hear in time how my child is doing.")),
            Asked("if_ask", ("Сұрағыма мектеп жауап береді.", "Школа отвечает на мои вопросы.", "The school answers my questions.")),
            Asked("if_heard", ("Ата-ананың пікірі ескеріледі.", "Мнение родителей учитывают.", "Parents' views count.")))),
        Scale("lessons", LESSONS, (
            Asked("ls_level", ("Мектеп жақсы білім береді.", "Школа даёт хорошие знания.", "The school teaches well.")),
            Asked("ls_extra", ("Ақылы репетиторсыз үлгеру қиын.", "Без платного репетитора успевать трудно.", "Without a paid tutor it is hard to keep up."), reverse=True),
            Asked("ls_care", ("Мұғалімдер баламды түсінеді.", "Учителя понимают моего ребёнка.", "The teachers understand my child.")))),
        Scale("safety", SAFETY, (
            Asked("sf_child", ("Балам мектепте қауіпсіз.", "Мой ребёнок в школе в безопасности.", "My child is safe at school.")),
            Asked("sf_road", ("Мектепке баратын жол қауіпсіз.", "Дорога в школу безопасна.", "The way to school is safe.")),
            Asked("sf_bully", ("Баламды мектепте қорлайды.", "Моего ребёнка в школе обижают.", "My child is bullied at school."), reverse=True))),
        Scale("equipment", EQUIPMENT, (
            Asked("eq_rooms", ("Мектептің кабинеттері жақсы жабдықталған.", "Кабинеты школы хорошо оснащены.", "The school's rooms are well equipped.")),
            Asked("eq_food", ("Асхана жақсы.", "Столовая хорошая.", "The canteen is good.")),
            Asked("eq_toilet", ("Дәретхана таза.", "Туалеты чистые.", "The toilets are clean.")))),
    ),
    ("Мектеп неге көңіл бөлуі керек?", "Чему школе уделить внимание?", "What should the school attend to?"),
    (
        ("knowledge", ("Білім сапасы", "Качество знаний", "Quality of teaching")),
        ("safety", ("Қауіпсіздік", "Безопасность", "Safety")),
        ("clubs", ("Үйірмелер", "Кружки", "Clubs")),
        ("food", ("Тамақтану", "Питание", "Food")),
        ("transport", ("Тасымал", "Подвоз", "Transport")),
        ("none", ("Бәрі жақсы", "Всё хорошо", "All is well")),
    ),
    ("Тағы не айтқыңыз келеді?", "Что ещё вы хотели бы сказать?", "What else would you like to say?"),
)  # fmt: skip
ALL = (TEACHERS, PUPILS, PARENTS)

SAID: dict[str, tuple[str, ...]] = {
    "teachers": (
        "Зертханаға жаңа құрал керек.", "Нужны курсы по цифровым инструментам, лучше очно и в каникулы.",
        "Интернет сабақ үстінде жиі үзіліп қалады.", "Больше времени на подготовку и меньше отчётов.",
        "Тәлімгер көмектессе, жақсы болар еді.", "Хотелось бы посещать уроки в опорных школах.",
        "Ерекше қажеттілігі бар балалармен жұмысқа көмекші педагог керек.",
    ),
    "pupils": (
        "Үзіліс ұзағырақ болса екен.", "Хочу больше опытов на химии.", "Спорт залын жөндеу керек.",
        "Чтобы не дразнили на переменах.", "Кітапханада жаңа кітаптар жоқ.", "Робототехника үйірмесін ашса екен.",
    ),
    "parents": (
        "Мектепке баратын жолда бағдаршам жоқ.", "Хотелось бы знать об оценках раньше конца четверти.",
        "Асхананың тамағы жақсарса екен.", "Спасибо учителям начальных классов.", "Қыста сыныптар суық.",
    ),
}  # fmt: skip
