"""What several pages share: rows, trails, charts."""
