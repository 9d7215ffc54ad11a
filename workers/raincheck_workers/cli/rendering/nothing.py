"""What is said when there is nothing to list."""

from rich.text import Text

from raincheck.deployment import Deployment
from raincheck_workers.cli.output import messages


def print_nothing(what: str, deployment: Deployment) -> None:
    """Say that there is none, and where was looked: it may be the wrong place."""
    settings = deployment.settings
    place = "RAINCHECK_URL" if settings.url else str(settings.home.absolute())
    line = f"no {what} in namespace {settings.namespace!r} of {place}"
    messages().print(Text(line), soft_wrap=True)
