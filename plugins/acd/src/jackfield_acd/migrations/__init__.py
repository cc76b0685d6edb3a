"""Migrations of the ACD's tables; see `jackfield.storage.migrate`."""
