#!/usr/bin/env bash
# Runs once, when the primary's data folder is made: a role for the gateways, who own their database and are no superusers, and one
# for the replicas. The official image sources it with POSTGRES_USER and PGDATA set.

psql --set ON_ERROR_STOP=1 --no-psqlrc --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<'SQL'
\set database_password `cat /run/secrets/database_password`
\set replication_password `cat /run/secrets/replication_password`
create role convoy login password :'database_password';
create database convoy owner convoy;
revoke connect, temporary on database convoy from public;
create role replicator login replication password :'replication_password';
SQL

# From the networks that the primary itself is in. The image's own line, `host all all all`, does not cover replication.
echo 'host replication replicator samenet scram-sha-256' >>"$PGDATA/pg_hba.conf"
