#!/bin/sh
# The file system of the test image, from packages of Debian 12 alone: $1 is the tar archive to write.
# User and group `postgres` have the numbers that the operator gives to the pods, and that Spilo has.
# PostgreSQL is that of the last point release: what corrections write into catalogues, the newer server beside it, which is
# older than they are, would not know.
set -eu
mmdebstrap --mode=root --variant=minbase --quiet \
  --aptopt='Apt::Install-Recommends "false"' \
  --dpkgopt='path-exclude=/usr/share/man/*' \
  --dpkgopt='path-exclude=/usr/share/doc/*' \
  --dpkgopt='path-exclude=/usr/share/locale/*' \
  --setup-hook='
    mkdir -p "$1/etc/apt/preferences.d"
    printf "Package: postgresql-15 postgresql-client-15\nPin: release n=bookworm\nPin-Priority: 1001\n" \
      >"$1/etc/apt/preferences.d/postgresql"' \
  --essential-hook='
    echo "postgres:x:103:" >>"$1/etc/group"
    echo "postgres:x:101:103::/home/postgres:/bin/bash" >>"$1/etc/passwd"
    mkdir -p "$1/etc/postgresql-common" "$1/home/postgres"
    chown 101:103 "$1/home/postgres"
    echo "create_main_cluster = false" >"$1/etc/postgresql-common/createcluster.conf"' \
  --include=postgresql-15,pgbackrest,patroni,python3-kubernetes,python3-psycopg2,python3-yaml,pgbouncer,openssl,curl,procps \
  bookworm "$1"
