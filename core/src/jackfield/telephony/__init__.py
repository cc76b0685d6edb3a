"""Asterisk's protocols: AGI, AMI, channel variables. Nothing outside this package imports pyst2."""
