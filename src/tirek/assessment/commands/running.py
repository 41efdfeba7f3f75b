"""What the commands on achievement share: see ``tirek.storage.command_runs``."""

from tirek.storage.command_runs import input_path, leave, speaker, unchanged, verify_run

__all__ = ["input_path", "leave", "speaker", "unchanged", "verify_run"]
