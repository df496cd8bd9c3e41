"""The job board. `create_app` (in `factory`) is loaded when somebody asks for it: a press imports the printing parts and nothing else."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from app.factory import create_app

__all__ = ["create_app"]


def __getattr__(name: str) -> Any:
    if name != "create_app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from app.factory import create_app  # noqa: PLC0415  Flask and all features: 80 MB that a press has no use for.

    return create_app
