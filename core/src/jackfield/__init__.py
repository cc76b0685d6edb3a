"""Jackfield: a plugin-based PBX and call centre on Asterisk."""
