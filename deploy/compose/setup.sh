#!/bin/sh
# Makes the secrets of docker-compose.yml at its first start, and leaves them alone after that.
#
# They are random and differ from one machine to the next, so that nobody has to think one up and
# none stands in a file that is shared. Each of the volumes below /secrets is mounted by those who
# need what is in it, and by nobody else. To begin anew: `docker compose down --volumes`.
set -eu
umask 077
cd "${SECRETS:-/secrets}"

# Written last: if it is there, so is everything else.
if [ -e broker/complete ]; then
    echo "the secrets are there"
    exit 0
fi

random() {
    head -c 24 /dev/urandom | base64 | tr '+/' '-_' | tr -d '\n'
}

# Who reads a file; only root can give one away, and only root runs this in a container.
give() {
    if [ "$(id -u)" -eq 0 ]; then chown "$@"; fi
}

for_lookout=$(random)
for_platform=$(random)
for_emqx=$(random)
for_health=$(random)

rm -f lookout/* demo/* grafana/* broker/*
printf %s "$for_lookout" >lookout/broker-password
printf %s "$for_emqx" >lookout/emqx-api-secret
printf 'operator %s\n' "$(random)" >lookout/http-tokens
printf %s "$for_platform" >demo/broker-password
random >grafana/admin-password

# Mosquitto's users, and EMQX's. Nothing is allowed to `health`: its check is that it gets in.
: >broker/mosquitto-passwords
mosquitto_passwd -b broker/mosquitto-passwords lookout "$for_lookout"
mosquitto_passwd -b broker/mosquitto-passwords platform "$for_platform"
mosquitto_passwd -b broker/mosquitto-passwords health "$for_health"
printf %s "$for_health" >broker/mosquitto-health-password
printf 'user_id,password,is_superuser\nlookout,%s,false\nplatform,%s,false\n' \
    "$for_lookout" "$for_platform" >broker/emqx-users.csv
# A key that may do everything: not every edition of EMQX 5 has roles. Where yours has, `:viewer` at
# the end of the line is enough.
printf 'lookout:%s\n' "$for_emqx" >broker/emqx-api-keys
random >broker/emqx-cookie
random >broker/emqx-dashboard-password

# The users of the images: lookout's, Grafana's, Mosquitto's and EMQX's.
give 65532:65532 lookout/* demo/*
give 472:0 grafana/admin-password
give 1883:1883 broker/mosquitto-*
give 1000:1000 broker/emqx-*
: >broker/complete
echo "the secrets are made"
