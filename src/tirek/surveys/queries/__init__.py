"""Questions about questionnaires."""
