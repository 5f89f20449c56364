#!/usr/bin/env bash
# Brings a MySQL server for the tests into a folder. No wheel brings one, and beside MariaDB none
# can be installed, so that its packages are unpacked and nothing is installed. They come from
# Debian's unstable, by the mirror that this machine's apt uses, with the C library that they were
# built for. A folder that holds a server stays as it is.
#   .ci/fetch_mysql.sh [FOLDER]   needs apt and its list of Debian; 60 MB to download, a minute
set -euo pipefail

cache=${XDG_CACHE_HOME:-$HOME/.cache}
folder=${1:-${ORDERGRAPH_TEST_MYSQL_FOLDER:-$cache/ordergraph/mysql-server}}
if [ -x "$folder/bin/mysqld" ]; then
  echo "MySQL is there: $folder"
  exit 0
fi
sources=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null || true)
mirrors=$(grep -oE 'https?://[^ ]*/debian/?( |$)' <<<"$sources" || true)
read -r mirror _ <<<"$mirrors"
if [ -z "$mirror" ]; then
  echo "apt's sources name no mirror of Debian." >&2
  exit 1
fi

mkdir -p "$(dirname "$folder")"
work=$(mktemp -d "$folder.XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir -p "$work"/{lists/partial,cache/archives/partial,packages,root,server}
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror unstable main" >"$work/sources"
apt=(
  -qq -o Dir::Etc::SourceList="$work/sources" -o Dir::Etc::SourceParts=/dev/null
  -o Dir::State::Lists="$work/lists" -o Dir::Cache="$work/cache" -o APT::Sandbox::User="$(id -un)"
  -o Acquire::http::Timeout=20 -o Acquire::https::Timeout=20
)
apt-get "${apt[@]}" update
apt-cache "${apt[@]}" depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks \
  --no-replaces --no-enhances mysql-server-core |
  grep -oE '^(mysql-server-core|lib[a-z0-9.+-]+)$' | sort -u >"$work/wanted"
(cd "$work/packages" && xargs apt-get "${apt[@]}" download <"$work/wanted")
for package in "$work"/packages/*.deb; do
  dpkg-deb --extract "$package" "$work/root"
done

# The server, what it loads and what it reads.
loader=$(find "$work/root/usr/lib" -name 'ld-linux*.so*' -print -quit)
mkdir "$work"/server/{bin,libraries,messages}
cp "$work/root/usr/sbin/mysqld" "$work/server/bin/"
cp "$loader" "$work/server/libraries/"
"$loader" --library-path "$(dirname "$loader")" --list "$work/server/bin/mysqld" |
  awk -v root="$work/root/" 'index($3, root) == 1 { print $3 }' |
  xargs cp --dereference --target-directory="$work/server/libraries"
cp -r "$work/root/usr/share/mysql/english" "$work/server/messages/"
cp -r "$work/root/usr/share/mysql/charsets" "$work/server/"

# Half a server must not look like one, and another run may have been quicker.
if [ ! -x "$folder/bin/mysqld" ]; then
  rm -rf "$folder"
  mv -T "$work/server" "$folder"
fi
echo "MySQL is fetched: $folder"
