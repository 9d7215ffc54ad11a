"""How high each box lies in its column: as near to its neighbours as the others allow."""

from collections.abc import Callable, Sequence
from itertools import pairwise

from raincheck_workers.cli.graph.layout.columns import Columns
from raincheck_workers.cli.graph.layout.order import mean, neighbours

_SWEEPS = 8


def heights_of(made: Columns, apart: Callable[[str, str], float]) -> dict[str, float]:
    """The middle of each key.

    Args:
        made: columns in their order.
        apart: least distance between the middles of two keys that follow each other.

    Returns:
        Heights that grow downwards; in each column the order and `apart` are kept.
    """
    left, right = neighbours(made.links)
    height: dict[str, float] = {}
    for column in made.columns:
        height.update(
            zip(column, spread([0.0] * len(column), _offsets(column, apart)), strict=True)
        )
    for sweep in range(_SWEEPS):
        forth = sweep % 2 == 0
        near = left if forth else right
        for column in made.columns if forth else reversed(made.columns):
            wanted = [
                mean([height[other] for other in near[key]]) if near[key] else height[key]
                for key in column
            ]
            height.update(zip(column, spread(wanted, _offsets(column, apart)), strict=True))
    return height


def _offsets(column: Sequence[str], apart: Callable[[str, str], float]) -> list[float]:
    """Where each key lies when all lie as near together as they may."""
    offsets = [0.0]
    for above, below in pairwise(column):
        offsets.append(offsets[-1] + apart(above, below))
    return offsets[: len(column)]


def spread(wanted: Sequence[float], offsets: Sequence[float]) -> list[float]:
    """The positions nearest to the wanted ones (least squares) that keep their distances.

    By pooling adjacent violators: keys that push each other become one block, which lies
    at the mean of what its keys want.

    Args:
        wanted: by key, in order.
        offsets: as `_offsets` gives them.
    """
    blocks: list[tuple[float, int]] = []  # mean of what its keys want, number of keys
    for position, offset in zip(wanted, offsets, strict=True):
        blocks.append((position - offset, 1))
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            (mean_1, count_1), (mean_2, count_2) = blocks[-2:]
            count = count_1 + count_2
            blocks[-2:] = [((mean_1 * count_1 + mean_2 * count_2) / count, count)]
    starts = [start for start, count in blocks for _ in range(count)]
    return [start + offset for start, offset in zip(starts, offsets, strict=True)]
