"""Celery tasks, a module for each kind of work: thin shells over the features' services. A name's first part picks its queue."""
