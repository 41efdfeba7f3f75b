"""What changes rooms' findings and works; nothing else writes here."""
