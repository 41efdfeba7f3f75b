"""Questionnaires of the demonstration region: three real forms, a closed round with invented answers, an open one."""

from tirek.surveys.demonstration.load import load_surveys

__all__ = ["load_surveys"]
