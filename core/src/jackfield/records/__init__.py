"""Call records: a row a call, a row a step of its path, a row a leg."""
