"""Forms of teachers' growth. The services decide; these only read what was typed."""
