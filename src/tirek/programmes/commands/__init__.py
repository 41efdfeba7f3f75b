"""Commands of evaluation: `impact`, `value-added`, `gap`, `power`."""
