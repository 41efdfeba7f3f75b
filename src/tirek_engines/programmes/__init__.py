"""The law of support-school programmes: which schools are chosen, and which findings make a need."""
