"""Ray as an engine: the same bytes as one process, also where a machine is lost on the way. `make ray` runs it."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import cleanse
from cleanse.errors import InputError, OptionError, WorkerError
from cleanse.passes.cluster import Cluster
from cleanse.passes.engine import Died
from tests.runs import contents

pytestmark = [pytest.mark.ray, pytest.mark.slow, pytest.mark.filterwarnings("ignore")]
ROWS = [
    {"id": f"n{n}", "text": f"The ferry number {n // 2} stopped on Monday, laden with salt and {n % 9} ropes.\nShare on Facebook" * 20}
    for n in range(600)
]  # fmt: skip


@pytest.fixture(scope="module")
def two_nodes() -> Iterator[Any]:
    """Start two nodes of Ray on this machine, with one processor each; give the cluster and the second node."""
    pytest.importorskip("ray", reason="needs the extra `ray`")
    from ray.cluster_utils import Cluster as Nodes

    nodes = Nodes(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    nodes.add_node(num_cpus=1)
    nodes.wait_for_nodes()
    yield nodes
    nodes.shutdown()


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Write rows, and clean them in this process."""
    (tmp_path / "in.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    cleanse.run(tmp_path / "in.jsonl", tmp_path / "here.parquet")
    return tmp_path


def on_ray(place: Path, nodes: Any, **options: Any) -> dict[str, bytes]:
    """Clean the rows on the cluster, in small shards."""
    out = place / "there.parquet"
    result = cleanse.run(
        place / "in.jsonl", out, engine="ray", ray_address=nodes.address, shard_bytes=60_000, **options
    )
    return contents(result)


def whole(place: Path) -> dict[str, bytes]:
    """Give what one process wrote, under the names of `there`."""
    return {name.replace("here", "there"): data for name, data in contents(_Result(place)).items()}


class _Result:
    """Stand for the result of the run in this process."""

    def __init__(self, place: Path) -> None:
        self.out, self.report = place / "here.parquet", place / "here.report"


def test_a_cluster_gives_the_same_bytes(place: Path, two_nodes: Any) -> None:
    """Two nodes give what one process gives, whatever the size of the shards."""
    assert on_ray(place, two_nodes) == whole(place)


def test_a_node_may_be_lost(place: Path, two_nodes: Any) -> None:
    """A node is killed while shards are cleaned: its work is done again, and the bytes are the same."""
    lost = two_nodes.add_node(num_cpus=2)
    two_nodes.wait_for_nodes()
    shards = place / "there.work" / "shards"

    def kill() -> None:
        while not shards.exists() or len(list(shards.glob("*.json"))) < 3:
            time.sleep(0.01)
        two_nodes.remove_node(lost, allow_graceful=False)

    killer = threading.Thread(target=kill)
    killer.start()
    assert on_ray(place, two_nodes) == whole(place)
    killer.join()


def die_at_three(number: int) -> int:
    """End the process of one item, however often it is tried."""
    if number == 3:
        os._exit(9)
    if number == 5:
        raise InputError("bad shard", where="5", hint="mend it")
    return number


def test_deaths_and_errors_arrive(place: Path, two_nodes: Any, tmp_path: Path) -> None:
    """A task that kills its process each time is `Died`; an error of ours comes as it is."""
    work = tmp_path / "there.work"
    work.mkdir()
    (work / "lock").touch()
    (work / "manifest.json").write_text('{"input": ""}')
    cluster = Cluster(two_nodes.address, 2, work)
    try:
        assert list(cluster.map(die_at_three, range(5))) == [0, 1, 2, Died(), 4]
        assert cluster.run_alone(die_at_three, 3) == Died()
        with pytest.raises(InputError, match="bad shard: 5\n  hint: mend it"):
            list(cluster.map(die_at_three, [4, 5]))
    finally:
        cluster.close()


def test_no_cluster_answers(tmp_path: Path) -> None:
    """An address where nobody listens is one sentence."""
    pytest.importorskip("ray", reason="needs the extra `ray`")
    with pytest.raises(OptionError, match="no Ray answers"):
        Cluster("127.0.0.1:1", None, tmp_path)


def test_storage_must_be_shared(two_nodes: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that does not see the work folder says so."""
    cluster = Cluster(two_nodes.address, 1, tmp_path / "elsewhere.work")
    try:
        with pytest.raises(WorkerError, match=r"does not see the work folder: .*elsewhere.work"):
            list(cluster.map(die_at_three, [1]))
    finally:
        cluster.close()
