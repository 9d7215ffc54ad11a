"""Celery messages: the broker, the hints sent to it, and who is woken."""
