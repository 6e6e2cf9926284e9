#!/bin/sh
# Writes .env, from which docker-compose.yml takes every secret: new ones, random, for the owner's eyes alone.
# Never touches one that exists: its secrets belong to the data in the volumes.
set -eu
umask 077
cd "$(dirname "$0")/../.."
if [ -e .env ]; then
    echo ".env is there already and stays as it is." >&2
    exit 1
fi

secret() {
    od -An -N32 -tx1 /dev/urandom | tr -d ' \n'
}

new=.env.new.$$
trap 'rm -f "$new"' EXIT
{
    echo '# Written by deploy/compose/make-env.sh. Keep it: the data in the volumes is of no use without it.'
    for user in OPERATOR REGISTRY DISPATCH NOTIFY AUDIT; do
        echo "STORE_PASSWORD_$user=$(secret)"
        echo "BROKER_PASSWORD_$user=$(secret)"
    done
    echo "BROKER_PASSWORD_ACCOUNTS=$(secret)"
    echo '# OAuth clients. The first administrator is client-admin.'
    for client in ADMIN REGISTRY DISPATCH NOTIFY AUDIT; do
        echo "CLIENT_SECRET_$client=$(secret)"
    done
    echo '# What is on record at the first start: shaba, or none.'
    echo 'LINLI_CASE=shaba'
    echo '# Private networks (CIDR, comma separated) that webhooks may go to; public ones need no mention.'
    echo 'LINLI_ALLOW_NETWORKS='
    echo '# The mail server that takes mail (smtp://user:password@host:port, or smtps://), and whom it comes from.'
    echo 'LINLI_SMTP_URL='
    echo 'LINLI_SMTP_FROM='
} >"$new"
# Unlike mv, ln does not replace a file that came in between.
ln "$new" .env
echo "Wrote $(pwd)/.env. Now: docker compose up --build --detach --wait"
