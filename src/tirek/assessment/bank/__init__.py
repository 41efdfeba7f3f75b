"""The item bank's own matters, without a database: wordings, what is amiss with an item, pictures, booklets' designs."""
