"""Queues and agents for Jackfield."""
