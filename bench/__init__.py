"""Benches against the peers that people use today; `python3 -m bench --help`."""
