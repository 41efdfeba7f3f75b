"""``tirek verify ledger`` and ``tirek ledger``."""
