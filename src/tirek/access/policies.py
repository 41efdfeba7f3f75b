"""Row policies, one line a model. They are a part of the database, so they live in ``tirek.storage.policies``."""

from tirek.storage.policies import IN_OWN, IN_RANGE, IS_USER, RowScope

__all__ = ["IN_OWN", "IN_RANGE", "IS_USER", "RowScope"]
