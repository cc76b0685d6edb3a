"""Migrations of the recordings' table. How to write one: see `jackfield.storage.migrate`."""
