"""The key of cursors and tokens for a server without one: made once, stored in a file."""

import os
import secrets
from pathlib import Path


def stored_secret(file: Path) -> bytes:
    """The secret in the file; a missing file is made with a random secret.

    Processes that start together use the same one: the file appears complete or not at all.
    """
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        draft = file.with_name(f"{file.name}.{secrets.token_hex(8)}")
        handle = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(handle, "w") as opened:
            opened.write(secrets.token_urlsafe(48))
        try:
            os.link(draft, file)
        except FileExistsError:
            pass  # another process was first, and its secret is used
        finally:
            draft.unlink()
    return file.read_bytes().strip()
