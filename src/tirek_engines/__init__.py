"""The library of Tirek: arrays and frozen dataclasses in, results out.

No Django, no files other than the dated rules, no clock, no global random state.
"""

ENGINE_VERSION = "0.1.0"
