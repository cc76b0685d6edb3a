"""Core's migrations. How to write one: see `jackfield.storage.migrate`."""
