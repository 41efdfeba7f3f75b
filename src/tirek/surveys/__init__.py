"""Questionnaires: forms, rounds, answers, results by school and audience."""
