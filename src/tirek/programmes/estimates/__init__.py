"""The computing behind `tirek impact`, `value-added` and `gap`, and behind the pages of programmes. No Django, no database."""
