"""The network page on a deployment of several processes: a scheduler, a worker, two web processes, and a hall."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.app.jobs.engine_parts import Part
from tests.browser.launch import DESKTOP, new_context
from tests.browser.network_lab import LONG, NetworkPage
from tests.browser.problems import PageProblems
from tests.browser.waiting import WITHIN
from tests.server import Server, free_port

STARTS = """async (state) => {
  const { postJson } = await import('/assets/core/http.js');
  return postJson('/network/start', { state }).then(({ run }) => run.job, (error) => error.problems.join(' '));
}"""
STOP_WHEN_RUNNING = """async (jobs) => {
  const { postJson } = await import('/assets/core/http.js');
  const { followJob } = await import('/assets/network/follow.js');
  window.began = Promise.all(jobs.map((job) => new Promise((resolve) => {
    let began = null;
    followJob(job, {
      onEntry: ({ kind, data, time }) => {
        if (kind !== 'state' || data.state !== 'running') return;
        began ??= time;
        postJson('/network/act', { act: 'stop', job });
      },
      onEnd: ({ reason }) => resolve([began, reason]),
    });
  })));
}"""


class Deployment:
    """The processes, on free ports of this machine."""

    def __init__(self, state: Path) -> None:
        address = f"tcp://127.0.0.1:{free_port()}"
        port = address.rsplit(":", 1)[1]
        settings = {"POTHOLE_SCHEDULER": address, "POTHOLE_CHECKPOINT_SECONDS": "0.3"}
        self.parts = [Part("scheduler", "--port", port, "--state", str(state))]
        self.parts += [Part("worker", address, **settings)]
        self.webs: list[Server] = []
        try:
            self.webs += [Server(**settings) for _ in range(2)]
        except BaseException:
            self.end()
            raise

    def kill_worker(self) -> None:
        """SIGKILL to the process that runs jobs; its nanny starts the next one."""
        (running,) = self.parts[1].children()
        running.kill()

    def end(self) -> None:
        """All of them."""
        for web in self.webs:
            web.stop()
        for part in self.parts:
            part.end()


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    made = Deployment(tmp_path_factory.mktemp("state"))
    yield made
    made.end()
    logs = [web.log() for web in made.webs if web.tracebacks()]
    assert not logs, "\n".join(logs)


@pytest.fixture(scope="module")
def visitors(browser: Any, deployment: Deployment) -> Iterator[list[NetworkPage]]:
    """The pages of two visitors, each on another web process, with a long run to be started; none outlives a test."""
    problems, pages = PageProblems(), []
    for web in deployment.webs:
        page = new_context(browser, base_url=web.url, **DESKTOP).new_page()
        page.set_default_timeout(1000 * WITHIN)
        problems.watch(page)
        pages.append(NetworkPage(page).open(LONG))
    problems.allow(r"status of 409")  # a limit that a test reaches
    yield pages
    for lab in pages:
        lab.page.context.close()
    assert not problems.unexpected()


def test_any_web_process_follows_any_job_and_a_killed_worker_leaves_no_gap(
    deployment: Deployment, visitors: list[NetworkPage]
) -> None:
    first, second = visitors
    job = first.start()
    second.open(f"/network?job={job}")
    second.until(lambda: second.rows() > 40)
    deployment.kill_worker()
    for lab in (first, second):
        lab.until(lambda lab=lab: "was killed or lost after step" in lab.said())
        assert "goes on from step" in lab.said() or "starts again" in lab.said()
    rows = second.rows()
    second.until(lambda: second.rows() > rows)
    whole = first.stop()
    second.wait_for("stopped")
    assert len(whole) > rows
    for lab in (first, second):
        assert lab.positions() == whole == list(range(len(whole))), "every step once, in order"
        assert "was killed or lost" in lab.said(), "the page still says what happened"
    assert not second.run()["owner"]
    losses = "JSON.stringify(potholeLab.network.curves.line('LLQR+SAM', 'loss', 'steps'))"
    assert first.page.evaluate(losses) == second.page.evaluate(losses)


def test_ten_jobs_are_bounded_and_fair(visitors: list[NetworkPage]) -> None:
    """Two visitors with more runs than there are workers: the second does not wait for all of the first's.

    No run comes to its end by itself while the others are asked for: each is stopped as soon as it has begun.
    """
    greedy, modest = visitors
    state = {"data": "two-moons", "methods": ["LLQR+SAM"], "steps": 2000, "refresh_every": 1, "batch_size": 32}
    asked = [greedy.page.evaluate(STARTS, {**state, "seed": seed}) for seed in range(6)]
    jobs, refused = asked[:4], asked[4:]
    assert all("you have 4 unfinished jobs and may have 4" in text.lower() for text in refused), refused
    others = [modest.page.evaluate(STARTS, {**state, "seed": seed}) for seed in range(2)]
    for lab, names in ((greedy, jobs), (modest, others)):
        lab.page.evaluate(STOP_WHEN_RUNNING, names)
    began = {}
    for lab, names in ((greedy, jobs), (modest, others)):
        for name, (time, reason) in zip(names, lab.page.evaluate("window.began"), strict=True):
            began[name] = time
            assert reason == "over"
    order = sorted(began, key=began.__getitem__)
    assert order.index(others[0]) < order.index(jobs[3]), "the greedy visitor's last waits for the other's first"
