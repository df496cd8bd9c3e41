"""Facts read from the source tree: which tasks the application enqueues, which workers are started."""

import ast
from collections.abc import Iterator
from pathlib import Path

from embedded.app_programs import Addresses, app_programs

ROOT = Path(__file__).resolve().parents[1]
ENQUEUES = {"enqueue", "enqueue_each"}


def worker_commands() -> list[str]:
    """The command lines of the Celery workers that bin/serve starts."""
    programs = app_programs(ROOT, ROOT / "var", Addresses("127.0.0.1", 8000, 5555), {})
    return [line for line in (" ".join(program.command) for program in programs) if " worker " in line]


def enqueued_names() -> set[str]:
    """The first argument of every call that enqueues below app/ and tasks/: a literal, or a constant of its module."""
    return {name for folder in ("app", "tasks") for path in sorted((ROOT / folder).rglob("*.py")) for name in _names(path)}


def _names(path: Path) -> Iterator[str]:
    tree = ast.parse(path.read_text("utf-8"))
    constants = dict(_constants(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) in ENQUEUES:
            first = node.args[0]
            found = first.value if isinstance(first, ast.Constant) else constants.get(getattr(first, "id", ""))
            if found is None:
                raise AssertionError(f"{path}:{node.lineno}: name the task by a literal or a constant of the module")
            yield str(found)


def _constants(tree: ast.Module) -> Iterator[tuple[str, object]]:
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and isinstance(node.targets[0], ast.Name):
            yield node.targets[0].id, node.value.value
