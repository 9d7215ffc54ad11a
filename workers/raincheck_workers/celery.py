"""`celery -A raincheck_workers worker -I my_pipelines` finds this module."""

from celery import Celery

from raincheck_workers.application import create_app

app: Celery = create_app()
