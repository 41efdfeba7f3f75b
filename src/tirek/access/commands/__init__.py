"""``tirek verify audit`` and ``tirek audit``."""
