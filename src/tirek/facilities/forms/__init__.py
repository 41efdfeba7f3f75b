"""Forms of works and inventory. The services decide; these only read what was typed."""
