"""The key of cursors and tokens where none is set: made once, and kept in a file."""

import os
import secrets
from pathlib import Path


def kept_secret(file: Path) -> bytes:
    """The secret in the file, which is made with a random one where it is missing.

    Several processes that start together agree on one: it appears complete or not at all.
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
            pass  # another process was quicker, and its secret holds
        finally:
            draft.unlink()
    return file.read_bytes().strip()
