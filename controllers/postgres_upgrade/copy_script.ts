/**
 * Copies definitions from one server to another: roles with their passwords, databases, and all that is in them but rows.
 * PostgreSQL's own programs do it, those of the newer version, as they know what has changed between the two.
 *
 * | left out         | why                                                                                                  |
 * | ---------------- | ---------------------------------------------------------------------------------------------------- |
 * | tablespaces      | they are folders of the source's members                                                             |
 * | subscriptions    | two readers of one slot                                                                              |
 *
 * It may run again after any part of it: that something exists already is no failure. Every other error is one.
 */

/** Environment of the script: connection strings of libpq without passwords, and the passwords. */
export const copyVariables = {
  source: "SOURCE",
  sourcePassword: "SOURCE_PASSWORD",
  target: "TARGET",
  targetPassword: "TARGET_PASSWORD",
  /** A folder for what is under way, as it holds verifiers of passwords. */
  scratch: "SCRATCH",
} as const;

/** What the programs say of things that are there already. */
const KNOWN = "already exists|is already a partition|multiple primary keys for table";

export const copyScript = `set -eu
umask 077
export PGCONNECT_TIMEOUT=10
PGPASSWORD="$SOURCE_PASSWORD" pg_dumpall --dbname="$SOURCE" --schema-only --no-tablespaces --no-subscriptions \\
  --quote-all-identifiers --file="$SCRATCH/definitions.sql"
if ! PGPASSWORD="$TARGET_PASSWORD" PGOPTIONS="-c default_transaction_read_only=off -c log_statement=none" \\
  psql --no-psqlrc --quiet --dbname="$TARGET" --file="$SCRATCH/definitions.sql" --output=/dev/null 2>"$SCRATCH/errors"
then
  cat "$SCRATCH/errors" >&2
  exit 1
fi
if grep -E "ERROR:|FATAL:" "$SCRATCH/errors" | grep -vE "${KNOWN}" >&2; then exit 1; fi
`;
