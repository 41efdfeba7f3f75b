"""Forms of programmes. The services decide; these only read what was typed."""
