"""How much: money from whom to what, double entry, append only."""
