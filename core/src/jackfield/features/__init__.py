"""What people do at their phones: do-not-disturb, forwarding, parking, pick-up, conference."""
