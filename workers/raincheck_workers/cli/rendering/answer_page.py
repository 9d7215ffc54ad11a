"""Why each input of a run is what it is, as text."""

from collections.abc import Sequence

from rich.text import Text

from raincheck_contracts.answers import InputAnswer
from raincheck_workers.cli.rendering.words import one_line, value

#: What a kind adds to how the input was chosen.
_FROM = {"external": "a value from outside, by its digest: "}


def answer_page(answers: Sequence[InputAnswer]) -> Text:
    """A paragraph per reference, under the name of its step."""
    if not answers:
        return Text("no step is bound yet, or none has references")
    page, step = Text(), ""
    for answer in answers:
        if answer.step != step:
            step = answer.step
            page.append(f"{step}\n", style="bold")
        for line in _lines(answer):
            page.append(f"{line}\n")
    page.rstrip()
    return page


def _lines(answer: InputAnswer) -> list[str]:
    became = ", ".join(answer.versions) or "an empty list"
    if answer.values:
        became += " = " + ", ".join(value(item) for item in answer.values)
    took = f"{', '.join(answer.parameters)}: {answer.reference}"
    lines = [
        f"  {took} became {became} at revision {answer.revision}",
        f"    {_FROM.get(answer.kind, '')}{answer.chosen}",
        *(f"    not {item.version}: {item.why}" for item in answer.lost),
        *(f"    {sentence}" for sentence in answer.deleted),
        f"    now: {_now(answer)}",
    ]
    return [one_line(line) for line in lines]


def _now(answer: InputAnswer) -> str:
    if answer.missing is not None:
        return f"none; {answer.missing}"
    return ", ".join(answer.now) if answer.changed else "the same"
