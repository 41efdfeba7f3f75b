"""Preschool: the order of a queue, and the money for attended days, to the tiyn."""

from tirek_engines.preschool.queue import Interleaving, queue_order
from tirek_engines.preschool.settlement import Lines, Month, Pay, Status, settle

__all__ = ["Interleaving", "Lines", "Month", "Pay", "Status", "queue_order", "settle"]
