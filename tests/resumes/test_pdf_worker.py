"""How a pdf worker is set up: recycled, warmed and bounded; and that no other worker is."""

import resource
import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from app.resumes.pdf import Draft
from app.resumes.rendering import render
from app.resumes.rendering.errors import RenderError
from tasks import pdf as pdf_queue
from tasks.base import Permanent, celery, settings


@pytest.mark.parametrize(
    ("queues", "configured"),
    [(["pdf"], True), ("pdf", True), (["payments"], False), (["pdf", "default"], False), (None, False), ([], False)],
)
def test_only_a_pdf_worker_recycles_its_children(queues: Any, configured: bool) -> None:
    conf = SimpleNamespace(worker_max_tasks_per_child=None, worker_concurrency=None)

    pdf_queue.configure_pdf_worker(conf=conf, options={"queues": queues})

    expected = (pdf_queue.TASKS_PER_CHILD, settings.pdf_concurrency) if configured else (None, None)
    assert (conf.worker_max_tasks_per_child, conf.worker_concurrency) == expected


@pytest.mark.parametrize(("queues", "bounded"), [(["pdf"], True), (["pdf", "default"], True), (["payments"], False)])
def test_only_a_child_that_renders_is_bounded(monkeypatch: pytest.MonkeyPatch, queues: list[str], bounded: bool) -> None:
    limits: list[int] = []
    monkeypatch.setattr(pdf_queue, "limit_process", limits.append)
    monkeypatch.setattr(type(celery.amqp.queues), "consume_from", dict.fromkeys(queues))

    pdf_queue.limit_pdf_child()

    assert limits == ([settings.pdf_memory_bytes] if bounded else [])


def test_the_request_layer_and_other_workers_do_not_load_the_renderer() -> None:
    program = "import sys, celery_worker; print('weasyprint' in sys.modules)"

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout.split()[-1] == "False"


def test_this_process_is_not_bounded() -> None:
    assert resource.getrlimit(resource.RLIMIT_AS)[0] == resource.RLIM_INFINITY


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        (RenderError("The résumé is longer than 20 pages."), "The résumé is longer than 20 pages."),
        (MemoryError(), "The résumé takes too much memory to print. Shorten the longest texts and try again."),
        (SystemError("error return without exception set"), "The résumé takes too much memory to print. Shorten the longest texts and try again."),
    ],
)
def test_what_the_resume_itself_causes_is_not_tried_again(monkeypatch: pytest.MonkeyPatch, fault: Exception, sentence: str) -> None:
    def fail(*_: object, **__: object) -> bytes:
        raise fault

    monkeypatch.setattr(render, "render_pdf", fail)
    draft = Draft(resume_id=1, owner_id=1, content={"title": "x"}, theme="classic", photo=None, key="0", file_name="x.pdf")

    with pytest.raises(Permanent) as raised:
        pdf_queue._print(draft)

    assert str(raised.value) == sentence
