"""What changes questionnaires, rounds and answers."""
