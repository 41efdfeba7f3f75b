"""Who gets which place: serial dictatorship and deferred acceptance with seat types, and an independent verifier.

>>> import numpy as np
>>> from tirek_engines.matching import Market, deferred_acceptance, verify
>>> market = Market(
...     starts=np.array([0, 2, 3]), groups=np.array([0, 1, 0]), keys=np.array([2, 2, 1]),
...     eligible=np.zeros(3, np.uint8), seats=np.array([[1], [1]]), kinds=("open",),
... )
>>> deferred_acceptance(market).groups.tolist()
[1, 0]
>>> verify(market, deferred_acceptance(market)).is_sound
True
"""

from tirek_engines.matching.deferred import deferred_acceptance
from tirek_engines.matching.lottery import lottery_numbers
from tirek_engines.matching.market import NOWHERE, Assignment, Market
from tirek_engines.matching.reasons import Reasons, reasons
from tirek_engines.matching.serial import serial_dictatorship
from tirek_engines.matching.verifier import Verification, verify

__all__ = [
    "NOWHERE",
    "Assignment",
    "Market",
    "Reasons",
    "Verification",
    "deferred_acceptance",
    "lottery_numbers",
    "reasons",
    "serial_dictatorship",
    "verify",
]
