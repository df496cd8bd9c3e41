"""The templates of printed documents: files of the package, in a sandbox."""

from pathlib import Path

from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment


def template_environment(folder: Path) -> ImmutableSandboxedEnvironment:
    """An environment for the templates in `folder`, which escapes every value and stops at a name that nobody gave.

    Templates come from the package alone and text is passed as values, never as template source; the sandbox is a second wall.
    """
    return ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(folder), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, auto_reload=False
    )
