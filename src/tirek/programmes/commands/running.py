"""What the commands of evaluation share: see ``tirek.storage.command_runs``."""

from tirek.storage.command_runs import Results, finish, uniform

__all__ = ["Results", "finish", "uniform"]
