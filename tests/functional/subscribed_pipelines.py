"""Pipelines that events start, for real workers."""

from typing import Annotated, Any

from raincheck import batch, get_step_context, lt, pipeline, published, step, triggering


@step
def train(value: float, mse: float) -> Annotated[float, "sub-model"]:
    """Publish a model with its metric."""
    from raincheck import log_metadata  # noqa: PLC0415 - beside its use

    log_metadata({"MSE": mse})
    return value


@pipeline
def train_model(value: float, mse: float) -> Any:
    """A producer."""
    return train(value, mse)


@step
def double(model: float, mse: float) -> Annotated[dict[str, Any], "doubled"]:
    """What was handed over, and the events that the step knows of."""
    events = [item.event for item in get_step_context().trigger]
    return {"twice": 2 * model, "mse": mse, "events": len(events)}


@pipeline(triggers=[published("sub-model", where={"MSE": lt(0.5)})])
def double_model() -> Any:
    """Takes the version whose event started it, with its own metric."""
    model = triggering("sub-model")
    return double(model, model.run_metadata["MSE"])


@step
def total(models: list[float], metrics: list[float]) -> Annotated[list[float], "totals"]:
    """The sum of all, and that of their metrics."""
    return [sum(models), sum(metrics)]


@pipeline(triggers=[published("sub-model")], group=batch(window=60, max=3))
def sum_models() -> Any:
    """Takes all of its group."""
    models = triggering("sub-model", as_list=True)
    return total(models, models.run_metadata["MSE"])
