"""Commands that run an installation: serve, worker, migrate, doctor, backup, restore, manage."""
