"""The id by which a client's request, its log lines and its errors are found together."""

import os
import re
from collections.abc import Mapping
from typing import Final

HEADER: Final = "x-correlation-id"
ACCEPTED: Final = re.compile(r"[A-Za-z0-9._-]{8,64}", re.ASCII)


def correlation_id_of(headers: Mapping[str, str]) -> str:
    """The id that the client sent, where it is plain and short, else a new one."""
    sent = headers.get(HEADER, "")
    return sent if ACCEPTED.fullmatch(sent) else os.urandom(8).hex()
