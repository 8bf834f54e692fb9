"""A function over shards: the same results in the same order, here or in other processes."""

from __future__ import annotations

import os

import pytest

from cleanse.errors import CleanseError, InputError
from cleanse.passes.engine import map_shards


def square(number: int) -> int:
    return number * number


def slow_first(number: int) -> int:
    """Finish the first items last: each counts down to the same end."""
    return sum(range(200_000 * (6 - number))) * 0 + number


def refuse(number: int) -> int:
    if number == 2:
        raise InputError("bad shard", where=str(number), hint="mend it")
    return number


def threads(number: int) -> str | None:
    return os.environ.get("POLARS_MAX_THREADS")


def die(number: int) -> int:
    os._exit(number)


@pytest.mark.parametrize("workers", [0, 1, 2, 9])
@pytest.mark.parametrize("count", [0, 1, 5])
def test_the_workers_do_not_matter(workers: int, count: int) -> None:
    """Any number of workers gives the result of each item, in the order of the items."""
    assert list(map_shards(square, range(count), workers)) == [number * number for number in range(count)]


def test_order_is_that_of_the_items() -> None:
    """What is done first does not come first."""
    assert list(map_shards(slow_first, range(6), 2)) == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize("workers", [1, 2])
def test_errors_come_with_their_words(workers: int) -> None:
    """An error of a shard is raised here, with all that it says, after the results before it."""
    results = map_shards(refuse, range(4), workers)
    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(InputError, match="bad shard: 2\n  hint: mend it"):
        next(results)


@pytest.mark.parametrize("before", [None, "7"])
def test_workers_share_the_processors(monkeypatch: pytest.MonkeyPatch, before: str | None) -> None:
    """Each process is told its share of the threads; afterwards the environment is as it was."""
    if before is None:
        monkeypatch.delenv("POLARS_MAX_THREADS", raising=False)
    else:
        monkeypatch.setenv("POLARS_MAX_THREADS", before)
    monkeypatch.setattr(os, "cpu_count", lambda: 6)
    assert list(map_shards(threads, range(2), 2)) == ["3", "3"]
    assert os.environ.get("POLARS_MAX_THREADS") == before


def test_here_everything_is_done_one_by_one() -> None:
    """With one worker an item is done when it is asked for, so that memory holds one shard."""
    seen: list[int] = []
    results = map_shards(seen.append, [1, 2, 3])
    next(results)
    assert seen == [1]


def test_a_worker_that_dies_is_an_error() -> None:
    """A process that is gone, as one without memory is, gives a message with a way out."""
    with pytest.raises(CleanseError, match=r"a worker process died\n  hint: .*fewer --workers"):
        list(map_shards(die, [1, 2], 2))
