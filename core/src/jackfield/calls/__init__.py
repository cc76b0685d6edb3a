"""The life of a call: its verbs, its thread, the registry of what is live."""
