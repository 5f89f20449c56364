"""Host names in one normal form."""

import re
from functools import lru_cache
from ipaddress import AddressValueError, IPv6Address
from typing import Final

LOOPBACK: Final = ("localhost", "127.0.0.1", "[::1]")
SETTING: Final = "ORDERGRAPH_ALLOWED_HOSTS"

AUTHORITY: Final = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9_.-]+)(?::\d{0,5})?", re.IGNORECASE)


@lru_cache(maxsize=100)
def host_of(authority: str) -> str | None:
    """The normal form of the host in `host` or `host:port`, or None if it is neither."""
    found = AUTHORITY.fullmatch(authority)
    if not found:
        return None
    host = found[1].lower()
    if not host.startswith("["):
        return host.removesuffix(".") or None
    try:
        return f"[{IPv6Address(host[1:-1])}]"
    except AddressValueError:
        return None


def bracketed(address: str) -> str:
    """An address to listen on, as it stands in a URL."""
    return f"[{address}]" if ":" in address else address
