"""Asking for a PDF, making it and what edits meanwhile do: real commits, the task called as a function."""

import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

from app.core import leases, outbox
from app.core.unit_of_work import unit_of_work
from app.resumes.pdf import begin_render
from tests.resumes.pdf_board import Board


def test_a_pdf_is_asked_for_made_and_ready(board: Board) -> None:
    asked = board.ask()
    while_waiting = board.status()

    board.render(asked.json["task_id"])

    task_id = asked.json["task_id"]
    assert asked.status_code == 202
    assert asked.json == {"status": "PROCESSING", "task_id": task_id, "status_url": f"/api/v1/tasks/{task_id}/", "message": "The PDF is being made."}
    assert while_waiting == "PROCESSING"
    assert board.status() == "READY"
    assert board.caller.get(board.path).json["pdf_generated_at"] is not None
    assert board.task(task_id) == {
        "id": task_id,
        "kind": "pdf.render",
        "status": "DONE",
        "progress": 100,
        "result_url": f"{board.path}download/",
        "error": None,
    }
    assert board.stored() == ["%PDF Kỹ sư dữ liệu"]


def test_a_doubled_message_renders_once(board: Board) -> None:
    task_id = board.ask().json["task_id"]

    board.render(task_id)
    board.render(task_id)

    assert board.printed == ["Kỹ sư dữ liệu"]


def test_the_same_content_is_not_rendered_twice(board: Board) -> None:
    board.render(board.ask().json["task_id"])

    again = board.ask()

    assert again.status_code == 200
    assert set(again.json) == {"status", "download_url", "message"}
    assert again.json["status"] == "READY"
    assert (board.tasks(), board.stored()) == (1, ["%PDF Kỹ sư dữ liệu"])


def test_asking_again_before_and_during_the_render_gives_the_same_task(board: Board) -> None:
    first = board.ask()
    second = board.ask()
    during: list[Any] = []
    board.meanwhile = lambda: during.append(board.ask())

    board.render(first.json["task_id"])

    assert [answer.status_code for answer in (first, second, *during)] == [202, 202, 202]
    assert {answer.json["task_id"] for answer in (first, second, *during)} == {first.json["task_id"]}
    assert board.tasks() == 1


def test_simultaneous_requests_start_one_render(board: Board) -> None:
    start = Barrier(4)

    def ask(_: int) -> Any:
        start.wait()
        return board.ask()

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(ask, range(4)))

    assert [answer.status_code for answer in answers] == [202] * 4
    assert len({answer.json["task_id"] for answer in answers}) == 1
    assert board.tasks() == 1


def test_an_edit_before_the_worker_reads_is_in_the_one_render(board: Board) -> None:
    task_id = board.ask().json["task_id"]
    board.edit("Mới")

    again = board.ask()
    board.render(task_id)

    assert again.json["task_id"] == task_id
    assert (board.printed, board.status()) == (["Mới"], "READY")


def test_an_edit_takes_ready_back_and_undoing_it_restores_it(board: Board) -> None:
    board.render(board.ask().json["task_id"])

    board.edit("Khác")
    edited = board.status()
    board.caller.patch(board.path, json={"is_primary": True})
    board.edit("Kỹ sư dữ liệu")

    assert edited == "NONE"
    assert board.status() == "READY"
    assert board.ask().status_code == 200


def test_the_owner_is_told_once_that_the_pdf_is_ready(board: Board) -> None:
    task_id = board.ask().json["task_id"]

    for _ in range(2):
        board.render(task_id)

    assert board.news() == [("RESUME_READY", f"/resumes/{board.resume_id}")]


def test_the_owner_is_told_also_when_the_render_finds_nothing_left_to_do(board: Board) -> None:
    board.render(board.ask().json["task_id"])
    board.edit("Khác")
    task_id = board.ask().json["task_id"]
    board.edit("Kỹ sư dữ liệu")

    board.render(task_id)

    assert board.printed == ["Kỹ sư dữ liệu"]
    assert len(board.news()) == 2


def test_an_edit_during_the_render_leaves_no_ready_behind(board: Board) -> None:
    task_id = board.ask().json["task_id"]
    board.meanwhile = lambda: board.edit("Mới")

    board.render(task_id)

    assert board.status() == "NONE"
    assert board.caller.get(f"{board.path}download/").status_code == 404
    assert board.task(task_id)["status"] == "DONE"
    assert board.news() == []


def test_an_edit_during_the_render_and_asking_twice_makes_exactly_one_more_render(board: Board) -> None:
    first = board.ask().json["task_id"]
    more: list[int] = []

    def edit_and_ask_twice() -> None:
        board.edit("Mới")
        more.extend(board.ask().json["task_id"] for _ in range(2))

    board.meanwhile = edit_and_ask_twice
    board.render(first)
    between = board.status()
    board.render(more[0])

    assert len(set(more)) == 1
    assert more[0] != first
    assert between == "PROCESSING"
    assert (board.printed, board.status(), board.stored()) == (["Kỹ sư dữ liệu", "Mới"], "READY", ["%PDF Mới"])


def test_a_render_that_ends_after_its_successor_changes_nothing(board: Board) -> None:
    first = board.ask().json["task_id"]

    def overtake() -> None:
        board.edit("Mới")
        second = board.ask().json["task_id"]
        # The first is paused beyond its lease, so that the second is due.
        with board.app.app_context(), unit_of_work():
            outbox.hasten(outbox.Task.id == second)
        board.render(second)

    board.meanwhile = overtake
    board.render(first)

    assert (board.printed, board.status(), board.stored()) == (["Kỹ sư dữ liệu", "Mới"], "READY", ["%PDF Mới"])


def test_a_task_that_lost_its_worker_does_not_repeat_what_a_later_one_makes(board: Board) -> None:
    first = board.ask().json["task_id"]
    with board.app.app_context(), unit_of_work():
        claimed = leases.claim(first, lease=timedelta())
        assert claimed is not None
        begin_render(claimed)
    board.edit("Mới")
    second = board.ask().json["task_id"]

    board.render(first)
    after_first = list(board.printed)
    board.render(second)

    assert second != first
    assert after_first == []
    assert (board.printed, board.status(), board.stored()) == (["Mới"], "READY", ["%PDF Mới"])


def test_undoing_an_edit_lets_the_first_render_serve_the_second_request(board: Board) -> None:
    first = board.ask().json["task_id"]
    second: list[int] = []

    def edit_ask_and_undo() -> None:
        board.edit("Mới")
        second.append(board.ask().json["task_id"])
        board.edit("Kỹ sư dữ liệu")

    board.meanwhile = edit_ask_and_undo
    board.render(first)
    after_first = board.status()
    board.render(second[0])

    assert after_first == "READY"
    assert (board.printed, board.status()) == (["Kỹ sư dữ liệu"], "READY")
    assert board.task(second[0])["status"] == "DONE"


def test_the_old_file_goes_when_the_new_one_is_stored(board: Board) -> None:
    board.render(board.ask().json["task_id"])
    board.edit("Mới")

    board.render(board.ask().json["task_id"])

    assert board.stored() == ["%PDF Mới"]


def test_only_renders_draw_on_the_rate(board: Board) -> None:
    board.app.config["PDF_GENERATION_RATE"] = "2/hour"
    first = board.ask()
    waiting = [board.ask().status_code for _ in range(3)]
    board.render(first.json["task_id"])
    ready = [board.ask().status_code for _ in range(3)]
    board.edit("Hai")
    second = board.ask()
    board.render(second.json["task_id"])
    ready_at_the_limit = board.ask()
    board.edit("Ba")

    refused = board.ask()

    assert waiting == [202] * 3
    assert ready == [200] * 3
    assert second.status_code == 202
    assert ready_at_the_limit.status_code == 200
    assert refused.status_code == 429
    assert refused.headers["RateLimit-Limit"] == "2"
    assert int(refused.headers["Retry-After"]) > 0
    assert (board.status(), board.tasks()) == ("NONE", 2)


def test_a_photo_changes_the_content(board: Board, picture: Callable[[], io.BytesIO]) -> None:
    board.render(board.ask().json["task_id"])

    board.caller.patch(board.path, data={"photo": (picture(), "a.png")}, content_type="multipart/form-data")
    changed = board.status()
    board.render(board.ask().json["task_id"])

    assert changed == "NONE"
    assert len(board.printed) == 2
    assert board.status() == "READY"
