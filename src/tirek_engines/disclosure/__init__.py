"""Suppression of small numbers, so that no published table tells about a single person.

>>> from tirek_engines.disclosure import suppress_table
>>> suppress_table([3, 40, 12, 55], minimum=10).tolist()
[1, 0, 2, 0]
"""

from tirek_engines.disclosure.tables import PRIMARY, SECONDARY, SHOWN, suppress_nested, suppress_table

__all__ = ["PRIMARY", "SECONDARY", "SHOWN", "suppress_nested", "suppress_table"]
