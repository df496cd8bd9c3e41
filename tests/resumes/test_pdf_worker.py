"""How a pdf worker is set up, what its log says, and what the failures of a press mean for a task; and that no other worker has one."""

import resource
import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import pytest
from structlog.testing import capture_logs

from app.core.press.errors import JobFault, OutOfMemory, OutOfTime, PressLost
from app.resumes.pdf import Draft
from app.resumes.rendering.errors import RenderError
from tasks import pdf as pdf_queue
from tasks import press
from tasks.base import Permanent, Transient, celery, settings

QUEUES = [(["pdf"], True), (["pdf", "default"], True), (["payments"], False)]


@pytest.mark.parametrize(
    ("queues", "configured"),
    [(["pdf"], True), ("pdf", True), (["payments"], False), (["pdf", "default"], False), (None, False), ([], False)],
)
def test_only_a_pdf_worker_has_its_own_number_of_children(queues: Any, configured: bool) -> None:
    conf = SimpleNamespace(worker_concurrency=None)

    press.configure_pdf_worker(conf=conf, options={"queues": queues})

    assert conf.worker_concurrency == (settings.pdf_concurrency if configured else None)


@pytest.mark.parametrize(("queues", "opened"), QUEUES)
def test_only_a_worker_that_prints_has_presses(monkeypatch: pytest.MonkeyPatch, queues: list[str], opened: bool) -> None:
    events: list[str] = []
    room = SimpleNamespace(facts={"has_fast_subsetting": True})
    own = SimpleNamespace(start=lambda: events.append("press"), walls=("filter",))
    monkeypatch.setattr(press, "_open_room", lambda: events.append("room") or room)
    monkeypatch.setattr(press, "_room", None)
    monkeypatch.setattr(press, "press", lambda: own)
    monkeypatch.setattr(type(celery.amqp.queues), "consume_from", dict.fromkeys(queues))

    press.open_room()
    press.start_press()

    assert events == (["room", "press"] if opened else [])


@pytest.mark.parametrize(("is_fast", "warnings"), [(True, []), (False, ["pdf_subsetting_slow"])])
def test_a_worker_without_the_fast_library_warns_at_its_start(is_fast: bool, warnings: list[str]) -> None:
    with capture_logs() as logs:
        press.describe({"has_fast_subsetting": is_fast})

    assert [entry["event"] for entry in logs if entry["log_level"] == "warning"] == warnings


def test_no_worker_loads_the_engines_into_itself() -> None:
    program = "import sys, celery_worker; print(sorted({'weasyprint', 'pypdfium2', 'fontTools'} & set(sys.modules)))"

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout.splitlines()[-1] == "[]"


def test_the_engines_load_without_the_framework() -> None:
    modules = ", ".join(press.MODULES)
    program = f"import sys, {modules}; print(sorted({{'flask', 'sqlalchemy', 'celery', 'config'}} & set(sys.modules)))"

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["[]"]


def test_this_process_is_not_bounded() -> None:
    assert resource.getrlimit(resource.RLIMIT_AS)[0] == resource.RLIM_INFINITY


@pytest.mark.parametrize(
    ("failure", "raised", "sentence"),
    [
        (RenderError("The résumé is longer than 20 pages."), Permanent, "The résumé is longer than 20 pages."),
        (OutOfMemory(), Permanent, "The résumé takes too much memory to print. Shorten the longest texts and try again."),
        (OutOfTime(), Permanent, "The résumé takes too long to print. Shorten the longest texts and try again."),
        (
            PressLost("The press ended with status -9."),
            Transient,
            "The résumé could not be printed because the printing program was interrupted. Please try again later.",
        ),
        (JobFault("KeyError: 'x'"), JobFault, "KeyError: 'x'"),
    ],
)
def test_what_a_failure_means(monkeypatch: pytest.MonkeyPatch, failure: Exception, raised: type[Exception], sentence: str) -> None:
    def fail(*_: object, **__: object) -> list[bytes]:
        raise failure

    monkeypatch.setattr(press, "press", lambda: SimpleNamespace(do=fail))
    draft = Draft(resume_id=1, owner_id=1, content={"title": "x"}, theme="classic", photo=None, key="0", file_name="x.pdf")

    with pytest.raises(raised) as caught:
        pdf_queue.print_draft(draft)

    assert str(caught.value) == sentence
