import pytest

from raincheck import Deployment
from raincheck_contracts.errors import MessageVersionError
from raincheck_workers.contract_check import check_contract
from tests.support.builders import pipeline, step
from tests.support.driver import Driver


def test_a_message_of_this_contract_is_let_through(deployment: Deployment) -> None:
    """So is one without a version, which is checked with the rest."""
    check_contract(deployment, {"contract": 1})
    check_contract(deployment, {})


@pytest.mark.parametrize(
    ("found", "side"), [(2, "upgrade the workers"), (0, "upgrade whoever sent it"), ("x", "sent")]
)
def test_another_contract_says_which_side_to_upgrade(
    deployment: Deployment, found: object, side: str
) -> None:
    """The one that reads or writes the older contract."""
    with pytest.raises(MessageVersionError, match=side):
        check_contract(deployment, {"contract": found})


def test_the_step_of_such_a_message_is_given_back(deployment: Deployment) -> None:
    """Whoever looks at the run sees why it does not start."""
    driver = Driver(deployment.index)
    run = driver.submit(pipeline(step("use")))
    body = {"contract": 2, "run": run, "step": {"name": "use"}}
    with pytest.raises(MessageVersionError):
        check_contract(deployment, body)
    reason = driver.step_run(run, "use").reason
    assert reason is not None
    assert "a message of contract 2, but this worker reads contract 1" in reason


@pytest.mark.parametrize("step", [None, "use", {"name": "a b"}, {"name": 3}])
def test_nonsense_in_such_a_message_does_no_harm(deployment: Deployment, step: object) -> None:
    """It is refused all the same."""
    with pytest.raises(MessageVersionError):
        check_contract(deployment, {"contract": 2, "run": "r1", "step": step})
