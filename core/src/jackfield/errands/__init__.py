"""Errands: calls that the system places to somebody's phone at an administrator's word."""
