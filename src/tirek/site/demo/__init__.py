"""The demonstration region: deterministic, synthetic, of the shape that the sources describe. See docs/manual/demonstration.md."""
