"""Celery tasks, one module per queue: thin shells over the features' services."""
