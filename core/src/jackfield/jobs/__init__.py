"""Background jobs: the outbox, the relay to Redis, the worker."""
