"""The decisions of questionnaires, as pure functions of what was sealed."""
