"""The id that ties a client's request to its log lines and its errors."""

import os
import re
from collections.abc import Mapping
from typing import Final

HEADER: Final = "x-correlation-id"
ACCEPTED: Final = re.compile(r"[A-Za-z0-9._-]{8,64}", re.ASCII)


def correlation_id_of(headers: Mapping[str, str]) -> str:
    """The id that the client sent, if it is plain and short; otherwise a new one."""
    sent = headers.get(HEADER, "")
    return sent if ACCEPTED.fullmatch(sent) else os.urandom(8).hex()
