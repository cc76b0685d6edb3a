"""A small site: a shop with a trunk, a phone and a number."""

SHOP = """
[general]
title = "Shop"
[[trunk]]
name = "carrier"
host = "10.0.0.1"
username = "acc"
secret = "carrier-secret"
[[extension]]
name = "201"
title = "Ann"
[[did]]
name = "main"
number = "100"
destination = "extension:201"
"""
