"""The intake: what comes from the broker is looked at before Celery acts on it."""
