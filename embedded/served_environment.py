"""The file by which commands in another terminal find the running board: `var/run/serve.env`, read by `config.py` below `.env`."""

import os
from collections.abc import Mapping
from pathlib import Path


def write_environment(path: Path, variables: Mapping[str, str]) -> None:
    """Write the variables for this user's eyes only, whole or not at all."""
    draft = path.with_suffix(".draft")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.writelines(f"{name}='{value}'\n" for name, value in sorted(variables.items()))
    draft.replace(path)
