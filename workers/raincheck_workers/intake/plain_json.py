"""Reading JSON of unknown origin."""

from kombu.utils.json import loads

#: Levels of lists and dicts in a message. Values have 48 at most, and each level of a list
#: that holds references is two in a step's inputs.
MAX_DEPTH = 128


def read_json(text: bytes) -> tuple[object, str | None]:
    """A JSON text as kombu will read it once more, later.

    Args:
        text: of bounded size.

    Returns:
        The value, and None; or None, and why kombu could not read it.
    """
    try:
        return loads(text), None
    except Exception as error:  # noqa: BLE001 - kombu's decoders of types raise whatever they like
        return None, f"{type(error).__name__}: {error}"


def json_problem(value: object) -> str | None:
    """Why a value that was read is more than plain JSON, or None when it is not."""
    level: list[object] = [value]
    for _ in range(MAX_DEPTH):
        if not level:
            return None
        below: list[object] = []
        for item in level:
            if isinstance(item, dict):
                below += item.values()
            elif isinstance(item, list):
                below += item
            elif item is not None and not isinstance(item, str | int | float):
                return f"it holds a {type(item).__name__}, which is no JSON"
        level = below
    return f"it is nested deeper than {MAX_DEPTH} levels" if level else None
