"""Questions about programmes, schools, measures and needs."""
