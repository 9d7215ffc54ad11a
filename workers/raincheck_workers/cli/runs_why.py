"""`raincheck runs why`: what a run waits for, does or failed of."""

from raincheck.deployment import current_deployment
from raincheck_workers.cli.output import JsonOption, output, print_json
from raincheck_workers.cli.rendering.why_page import why_page
from raincheck_workers.cli.run_choice import RunArgument, chosen_run


def why(run: RunArgument, *, as_json: JsonOption = False) -> None:
    """Say why a run is where it is: per step what it waits for, does or failed of.

    A step that is queued for long is looked at closer: does a worker serve its queue?
    """
    report = chosen_run(current_deployment(), run).report()
    if as_json:
        print_json(report.document())
        return
    console = output()
    console.print(why_page(report, plain=console.options.ascii_only))
