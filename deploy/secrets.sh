#!/bin/sh
# Makes the secrets of docker-compose.yml in deploy/secrets/, once: what is there stays. Git and the image's build leave the folder out.
set -eu
cd "$(dirname "$0")"
umask 077
mkdir -p secrets
cd secrets

# The folder is closed to others; its files are mounted one by one, each into containers of different users that must read it.
keep() {
  [ -s "$1" ] || { cat >"$1.new" && chmod 444 "$1.new" && mv "$1.new" "$1"; }
}
random() {
  openssl rand -hex 24
}

random | keep postgres_password
random | keep database_password
random | keep replication_password
random | keep redis_password
random | keep grafana_password
openssl rand -base64 48 | keep secret_key

# Made of the passwords above.
password=$(cat database_password)
echo "postgresql://convoy:$password@postgres:5432/convoy" | keep database_url
echo "postgresql://convoy:$password@postgres-replica:5432/convoy" | keep database_replica_urls
echo "redis://:$(cat redis_password)@redis:6379" | keep redis_url
# What redis-server reads as a part of its configuration: on the command line, everybody on the machine could read it.
echo "requirepass $(cat redis_password)" | keep redis_conf

echo "The secrets are in $(pwd)."
