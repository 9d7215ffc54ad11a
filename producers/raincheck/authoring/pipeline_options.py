"""The options of a pipeline, checked where they are given."""

from raincheck.authoring.models import Model
from raincheck_contracts.errors import DefinitionError


def check_pipeline_options(name: str, *, bind: object, on_failure: object, model: object) -> None:
    """Refuse what a pipeline cannot be declared with.

    Args:
        name: of the pipeline.
        bind: as given.
        on_failure: as given.
        model: as given.

    Raises:
        DefinitionError: names the option, and what it takes.
    """
    if bind not in {None, "step", "run"}:
        problem = f"bind={bind!r} cannot be used"
        raise DefinitionError(name, problem, 'Give "step", "run" or None')
    if on_failure not in {"continue", "stop"}:
        problem = f"on_failure={on_failure!r} cannot be used"
        raise DefinitionError(name, problem, 'Give "continue" or "stop"')
    if not isinstance(model, Model | None):
        problem = f"model={model!r} cannot be used"
        raise DefinitionError(name, problem, 'Give a Model, such as Model("churn")')
