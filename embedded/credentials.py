"""Passwords and keys of one checkout, generated once and kept in a file that only its owner can read."""

import json
import os
import secrets
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from embedded.messages import StartError


@dataclass(frozen=True, repr=False)
class Credentials:
    """Letters, digits, `-` and `_` only, so that they stand in a URL or a configuration file as they are."""

    database_password: str
    redis_state_password: str
    redis_cache_password: str
    supervisor_password: str
    secret_key: str

    @classmethod
    def generate(cls) -> "Credentials":
        """New random values of 256 bits each."""
        return cls(*(secrets.token_urlsafe(32) for _ in fields(cls)))


def load_credentials(path: Path) -> Credentials:
    """Read `path`, or create it with new values (mode 600). Raises StartError when it is there and cannot be used."""
    try:
        return Credentials(**json.loads(path.read_text()))
    except FileNotFoundError:
        return _create(path)
    except (ValueError, TypeError) as error:
        raise StartError(f"{path} is damaged. Restore it, or remove it to have new passwords made.") from error
    except PermissionError as error:
        raise StartError(f"{path} belongs to another user. Use that user, or a checkout of your own.") from error


def _create(path: Path) -> Credentials:
    credentials = Credentials.generate()
    # Written aside and renamed: a start that is killed meanwhile leaves no half file.
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(asdict(credentials), file, indent=2)
    draft.rename(path)
    return credentials
