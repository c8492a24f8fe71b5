"""What dead processes leave in their work folders is removed; what living ones work on is not."""

import asyncio
import fcntl

from tests.flows.stage import Stage


def test_the_work_of_a_dead_process_is_removed_and_that_of_living_ones_kept(stage: Stage) -> None:
    own, dead, living = (stage.work.parent / name for name in (stage.work.name, "dead", "living"))
    for folder in (dead, living):
        (folder / "render-1").mkdir(parents=True)
        (folder / "render-1" / "part-001").write_text("private")
    stage.process.lock_path.with_name("dead.lock").touch()

    with stage.process.lock_path.with_name("living.lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        asyncio.run(stage.tend().next())

    assert own.exists()
    assert not dead.exists()
    assert (living / "render-1" / "part-001").exists()
