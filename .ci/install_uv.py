"""Installs the uv that .ci/uv.txt pins into .uv, without touching anything else.

Needs Python 3.11 and nothing more. Debian's Python may lack `ensurepip` (package python3-venv);
then pip itself is fetched from PyPI, in the version and with the checksum below.
"""

import hashlib
import importlib.util
import subprocess
import sys
import urllib.request
import venv
from pathlib import Path
from typing import Final

PIP_WHEEL: Final = "pip-26.3-py3-none-any.whl"
PIP_URL: Final = (
    "https://files.pythonhosted.org/packages/07/25/"
    f"ee8c38ae72d66b844ce8eb9711ba905dba21ca1a8a0c960057c41cd23337/{PIP_WHEEL}"
)
PIP_SHA256: Final = "f3b60b20ffaadd4415ed7957212a38ac63fa4c5fa375bd0f4a797777940fad13"

HOME: Final = Path(".uv")
PINS: Final = Path(__file__).with_name("uv.txt")


def main() -> None:
    """A fresh .uv with uv in it."""
    has_pip = importlib.util.find_spec("ensurepip") is not None
    venv.create(HOME, clear=True, with_pip=has_pip, symlinks=True)
    pip = ["-m", "pip"] if has_pip else [str(fetched_pip() / "pip")]
    options = ["--quiet", "--disable-pip-version-check", "--only-binary=:all:", "--require-hashes"]
    subprocess.run(
        [str(HOME / "bin" / "python"), *pip, "install", *options, "-r", str(PINS)], check=True
    )


def fetched_pip() -> Path:
    """A pip wheel, which Python can run as it is."""
    with urllib.request.urlopen(PIP_URL, timeout=60) as answer:
        content: bytes = answer.read()
    if hashlib.sha256(content).hexdigest() != PIP_SHA256:
        sys.exit(f"{PIP_URL} is not the file that was pinned: refusing to run it")
    wheel = HOME / PIP_WHEEL
    wheel.write_bytes(content)
    return wheel


if __name__ == "__main__":
    try:
        main()
    except (OSError, subprocess.CalledProcessError) as error:
        sys.exit(
            f"Could not install uv: {error}\n"
            "Setting up needs access to PyPI (pip's usual settings for proxies and mirrors apply)."
        )
