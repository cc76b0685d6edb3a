"""Alarms: what is wrong now, who was told, and who looks after it."""
