"""Workers that a cluster's job queue starts, by dask-jobqueue: `python -m tests.ecosystem.job_queue` tries it here.

SLURM is not needed for that: dask-jobqueue has a queue of this machine's own, and writes SLURM's script without it.
Run by `make ecosystem`; fails where a job does not come to its end.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from app.jobs import Engine, EngineSettings
from app.jobs.tls import security_of_cluster, write_certificate
from tests.app.jobs.engine_jobs import KINDS

WITHIN = 300.0


def start_under_slurm(jobs: int) -> Any:
    """A scheduler here, and workers as jobs of SLURM; its `scheduler_address` is what POTHOLE_SCHEDULER names."""
    from dask_jobqueue import SLURMCluster

    cluster = SLURMCluster(
        queue="gpu",
        cores=1,
        processes=1,
        memory="16GB",
        walltime="04:00:00",  # longer than a run
        job_extra_directives=["--gres=gpu:1"],
        scheduler_options={"dashboard_address": "127.0.0.1:0"},
        protocol="tls://",
        security=security_of_cluster(EngineSettings.from_environment()),  # POTHOLE_TLS_CA, _CERT and _KEY
    )
    cluster.scale(jobs=jobs)
    return cluster


def start_here(folder: Path) -> Any:
    """The same in dask-jobqueue's queue of this machine."""
    from dask_jobqueue.local import LocalCluster

    # That queue cuts its command at blanks, which a path may have: python is found by its name.
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    cluster = LocalCluster(
        cores=1,
        processes=1,
        memory="4GB",
        python=Path(sys.executable).name,
        log_directory=str(folder),
        scheduler_options={"dashboard_address": "127.0.0.1:0"},
        protocol="tls://",
        security=security_of_cluster(EngineSettings.from_environment()),
    )
    cluster.scale(jobs=1)
    return cluster


async def count(engine: Engine) -> str:
    """The last state of a counting job."""
    job = await engine.submit("somebody", {"kind": "count", "steps": 5})
    entries = [entry async for entry in engine.follow(job)]
    return entries[-1].data["state"]


def main() -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        write_certificate(folder)
        for part, name in (("CA", "ca"), ("CERT", "cert"), ("KEY", "key")):
            os.environ[f"POTHOLE_TLS_{part}"] = str(folder / f"{name}.pem")
        with start_here(folder) as cluster:
            engine = Engine(EngineSettings.from_environment(scheduler=cluster.scheduler_address, kinds=KINDS))
            try:
                state = asyncio.run(asyncio.wait_for(count(engine), WITHIN))
            finally:
                engine.close()
        if state != "finished":
            raise SystemExit(f"a job by dask-jobqueue is {state}")
        with start_under_slurm(jobs=0) as cluster:
            script = cluster.job_script()
        missing = [
            word for word in ("#SBATCH -p gpu", "#SBATCH --gres=gpu:1", "--tls-key", "tls://") if word not in script
        ]
        if missing:
            raise SystemExit(f"SLURM's script lacks {missing}:\n{script}")
    print("dask-jobqueue: a job by its workers has finished, and SLURM's script is whole")


if __name__ == "__main__":
    main()
