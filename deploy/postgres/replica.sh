#!/usr/bin/env bash
# The entrypoint of a streaming replica: copies the primary where there is no data yet, then starts as the image does.
# PRIMARY_HOST: where the primary is. REPLICA_SLOT: the replica's own slot there, which keeps what it has not read yet.
set -euo pipefail

# Written at each start, so that a new password needs no new copy.
export PGPASSFILE=/tmp/pgpass
(umask 077 && printf '%s:5432:*:replicator:%s\n' "$PRIMARY_HOST" "$(cat /run/secrets/replication_password)" >"$PGPASSFILE")
primary="host=$PRIMARY_HOST port=5432 user=replicator passfile=$PGPASSFILE application_name=$REPLICA_SLOT"

copy_primary() {
  rm -rf "$PGDATA.new"
  # One that is left of a former copy would keep WAL for nobody.
  psql --no-psqlrc --quiet "$primary replication=true" --command "DROP_REPLICATION_SLOT $REPLICA_SLOT" >/dev/null 2>&1 || true
  pg_basebackup --pgdata "$PGDATA.new" --dbname "$primary" --slot "$REPLICA_SLOT" --create-slot --write-recovery-conf \
    --wal-method stream --checkpoint fast --no-password
}

if [ ! -d "$PGDATA" ]; then
  mkdir -p "$(dirname "$PGDATA")"
  until copy_primary; do
    echo "$PRIMARY_HOST cannot be copied yet. Trying again." >&2
    sleep 2
  done
  # In one step: a copy that was cut short is never taken for a whole one.
  mv "$PGDATA.new" "$PGDATA"
fi

exec docker-entrypoint.sh "$@"
