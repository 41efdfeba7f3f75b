"""The snapshot that a new database begins from is what the migrations make."""

import gzip

from tirek.storage import schema


def test_the_snapshot_is_of_these_migrations():
    first_line = gzip.decompress(schema.SNAPSHOT.read_bytes()).decode().partition("\n")[0]
    assert first_line == schema.DIGEST_LINE + schema.migrations_digest(), "Run `make schema`."
