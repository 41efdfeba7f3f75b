"""A questionnaire as an XLSForm workbook: the same bytes that an office would send."""

from __future__ import annotations

import datetime as dt
import io

from tirek.surveys.demonstration.questionnaires import AGREE, Questionnaire, Words

HEADS = ("label::Қазақша (kk)", "label::Русский (ru)", "label::English (en)")
MESSAGE_HEADS = tuple(head.replace("label", "constraint_message") for head in HEADS)
NONE_ALONE: Words = (
    "«Керек емес» дегенді басқа жауаппен бірге таңдауға болмайды.",
    "Этот ответ нельзя выбрать вместе с другими.",
    "This answer cannot be chosen together with others.",
)
YEARS: Words = (
    "Мектепте неше жыл жұмыс істейсіз?",
    "Сколько лет вы работаете в школе?",
    "How many years have you worked at school?",
)
YEARS_WRONG: Words = ("0-ден 60-қа дейінгі сан жазыңыз.", "Напишите число от 0 до 60.", "Write a number from 0 to 60.")
MENTOR: Words = ("Тәлімгеріңіз бар ма?", "Есть ли у вас наставник?", "Do you have a mentor?")
YES_NO = (("yes", ("Иә", "Да", "Yes")), ("no", ("Жоқ", "Нет", "No")))
WISHES: Words = ("Қалауыңыз", "Пожелания", "Wishes")
ABOUT: Words = ("Өзіңіз туралы", "О вас", "About you")


def workbook_of(asked: Questionnaire, version: int = 1) -> bytes:
    """The workbook. Version 2 of the teachers' asks beginners whether they have a mentor, and drops nothing."""
    import xlsxwriter

    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True, "strings_to_formulas": False}) as book:
        book.set_properties({"created": dt.datetime(2025, 9, 1)})  # noqa: DTZ001 - the same bytes every time
        _write(book.add_worksheet("survey"), _survey(asked, version))
        _write(book.add_worksheet("choices"), _choices(asked))
        settings = [
            ("form_title", "form_id", "version", "default_language"),
            (asked.title[0], asked.code, str(version), "Қазақша (kk)"),
        ]
        _write(book.add_worksheet("settings"), settings)
        scales = [("scale", *HEADS), *((scale.code, *scale.title) for scale in asked.scales)]
        _write(book.add_worksheet("scales"), scales)
    return target.getvalue()


def _write(sheet, rows: list[tuple]) -> None:
    for number, row in enumerate(rows):
        sheet.write_row(number, 0, row)


def _survey(asked: Questionnaire, version: int) -> list[tuple]:
    heads = (
        "type",
        "name",
        *HEADS,
        "required",
        "relevant",
        "constraint",
        *MESSAGE_HEADS,
        "scale",
        "reverse",
        "appearance",
    )

    def row(
        kind,
        name,
        words=("", "", ""),
        required="",
        relevant="",
        constraint="",
        message=("", "", ""),
        scale="",
        reverse="",
        look="",
    ):
        return (kind, name, *words, required, relevant, constraint, *message, scale, reverse, look)

    rows = [heads, row("note", "greeting", asked.greeting)]
    if asked.audience == "teachers":
        rows += [
            row("begin_group", "about", ABOUT),
            row("integer", "years", YEARS, constraint=". >= 0 and . <= 60", message=YEARS_WRONG),
        ]
        if version > 1:
            rows.append(row("select_one yes_no", "mentor", MENTOR, relevant="${years} < 3"))
        rows.append(row("end_group", ""))
    for scale in asked.scales:
        rows.append(row("begin_group", f"g_{scale.code}", scale.title))
        for one in scale.asked:
            rows.append(
                row(
                    "select_one agree",
                    one.name,
                    one.words,
                    "yes",
                    scale=scale.code,
                    reverse="yes" if one.reverse else "",
                )
            )
        rows.append(row("end_group", ""))
    alone = "not(selected(., 'none')) or count-selected(.) = 1"
    rows += [
        row("begin_group", "wishes", WISHES),
        row("select_multiple wishes", "wish", asked.wishes, constraint=alone, message=NONE_ALONE),
        row("text", "said", asked.said, look="multiline"),
        row("end_group", ""),
    ]
    return rows


def _choices(asked: Questionnaire) -> list[tuple]:
    rows: list[tuple] = [("list_name", "name", *HEADS)]
    for list_name, choices in (("agree", AGREE), ("wishes", asked.wish_list), ("yes_no", YES_NO)):
        rows += [(list_name, name, *words) for name, words in choices]
    return rows
