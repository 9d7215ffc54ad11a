"""Graphs of steps that Hypothesis draws for the index model, and their compiled form."""

from hypothesis import strategies as st

from raincheck_contracts.pipelines import OutputInput, PipelineSpec
from raincheck_contracts.references import Reference
from tests.support.builders import output_of, pipeline, step
from tests.support.index_model import ModelOutput, ModelReference, ModelStep

SELECTORS = (
    *("@1", "@2", "@3", ":latest", ":prod"),
    *("?min=k", "?max=k", "?tag=t", "?where=k<3"),
)
ARTIFACTS = st.sampled_from(["m", "d"])
NUMBERS = st.none() | st.integers(0, 5)
REFERENCES = st.builds(
    ModelReference,
    artifact=ARTIFACTS,
    selector=st.sampled_from(SELECTORS),
    metric=st.booleans(),
    waits=st.integers(0, 7).map(bool),
)


@st.composite
def graphs(draw: st.DrawFn) -> list[ModelStep]:
    """Up to four steps, each after some of those before it."""
    steps: list[ModelStep] = []
    for i in range(draw(st.integers(1, 4))):
        earlier = draw(st.lists(st.sampled_from(steps), max_size=2)) if steps else []
        taken = [ModelOutput(prior.name, name) for prior in earlier for name in prior.outputs[:1]]
        references = draw(st.lists(REFERENCES, max_size=2))
        needed: list[ModelReference | ModelOutput] = [*references, *taken]
        needs = dict.fromkeys(needed)
        after = dict.fromkeys(prior.name for prior in earlier)
        outputs = draw(st.sampled_from([(), ("m",), ("d", "m")]))
        steps.append(
            ModelStep(f"s{i}", tuple(after), tuple(needs), outputs, draw(st.integers(0, 1)))
        )
    return steps


def need_of(need: ModelReference | ModelOutput) -> Reference | OutputInput:
    """The need as the index takes it."""
    if isinstance(need, ModelReference):
        return need.reference
    return output_of(need.step, need.output)


def spec_of(steps: list[ModelStep], *, whole: bool) -> PipelineSpec:
    """The compiled pipeline of a graph; `whole` binds it in run scope."""
    built = [
        step(
            item.name,
            *map(need_of, item.needs),
            after=item.after,
            outputs=item.outputs,
            retries=item.retries,
        )
        for item in steps
    ]
    return pipeline(*built, bind="run" if whole else "step")
