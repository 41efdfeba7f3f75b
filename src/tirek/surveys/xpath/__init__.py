"""XPath as OpenRosa forms speak it, evaluated on the server.

Why not a library: OpenRosa's XPath is not the W3C's. Dates are numbers of days, an empty answer equals the empty text, a
reference to a question that is not asked is empty, ``if``, ``once`` and some forty functions are its own; lxml and
elementpath compare dates as NaN and would have to be bent in their comparison operators. The grammar is small; this
follows JavaRosa, which ODK Collect runs, so that a form means the same in the browser and in Collect.
"""

from tirek.surveys.xpath import functions
from tirek.surveys.xpath.evaluate import Context, evaluate, is_true, to_number, to_text
from tirek.surveys.xpath.nodes import Node
from tirek.surveys.xpath.parse import BadExpression, functions_in, parse

__all__ = [
    "BadExpression",
    "Context",
    "Node",
    "evaluate",
    "functions",
    "functions_in",
    "is_true",
    "parse",
    "to_number",
    "to_text",
]
