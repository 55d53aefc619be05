#!/bin/sh
# Starts PgBouncer with a configuration made from the environment variables that the operator sets.
set -eu
umask 077
folder=/opt/bitnami/pgbouncer
client_tls=${PGBOUNCER_CLIENT_TLS_SSLMODE:-disable}
{
  echo "[databases]"
  echo "${PGBOUNCER_DATABASE:-postgres} = host=$POSTGRESQL_HOST port=${POSTGRESQL_PORT:-5432}"
  echo "[pgbouncer]"
  echo "listen_addr = 0.0.0.0"
  echo "listen_port = ${PGBOUNCER_PORT:-6432}"
  echo "unix_socket_dir = $folder/tmp"
  echo "auth_file = $folder/conf/userlist.txt"
  echo "auth_type = ${PGBOUNCER_AUTH_TYPE:-scram-sha-256}"
  [ -z "${PGBOUNCER_AUTH_USER:-}" ] || echo "auth_user = $PGBOUNCER_AUTH_USER"
  [ -z "${PGBOUNCER_AUTH_QUERY:-}" ] || echo "auth_query = $PGBOUNCER_AUTH_QUERY"
  echo "pool_mode = ${PGBOUNCER_POOL_MODE:-session}"
  echo "max_client_conn = ${PGBOUNCER_MAX_CLIENT_CONN:-100}"
  echo "default_pool_size = ${PGBOUNCER_DEFAULT_POOL_SIZE:-20}"
  echo "max_db_connections = ${PGBOUNCER_MAX_DB_CONNECTIONS:-0}"
  echo "ignore_startup_parameters = ${PGBOUNCER_IGNORE_STARTUP_PARAMETERS:-extra_float_digits}"
  echo "server_tls_sslmode = ${PGBOUNCER_SERVER_TLS_SSLMODE:-prefer}"
  echo "client_tls_sslmode = $client_tls"
  if [ "$client_tls" != disable ]; then
    echo "client_tls_cert_file = $PGBOUNCER_CLIENT_TLS_CERT_FILE"
    echo "client_tls_key_file = $PGBOUNCER_CLIENT_TLS_KEY_FILE"
  fi
} >"$folder/conf/pgbouncer.ini"
echo "\"$POSTGRESQL_USERNAME\" \"$POSTGRESQL_PASSWORD\"" >"$folder/conf/userlist.txt"
exec pgbouncer "$folder/conf/pgbouncer.ini"
