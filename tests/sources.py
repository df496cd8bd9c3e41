"""Facts read from the source tree: which tasks the application enqueues, which workers are started."""

import ast
from collections.abc import Iterator
from pathlib import Path

from embedded.app_programs import Addresses, app_programs

ROOT = Path(__file__).resolve().parents[1]


def worker_commands() -> list[str]:
    """The command lines of the Celery workers that bin/serve starts."""
    programs = app_programs(ROOT, ROOT / "var", Addresses("127.0.0.1", 8000, 5555), {})
    return [line for line in (" ".join(program.command) for program in programs) if " worker " in line]


def enqueued_names() -> set[str]:
    """The first argument of every call of `enqueue` below app/ and tasks/."""
    return {name for folder in ("app", "tasks") for path in (ROOT / folder).rglob("*.py") for name in _names(path)}


def _names(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) == "enqueue":
            first = node.args[0]
            if not isinstance(first, ast.Constant):
                raise AssertionError(f"{path}:{node.lineno}: write the task's name as a literal")
            yield str(first.value)
