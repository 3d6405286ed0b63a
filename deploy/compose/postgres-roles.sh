#!/bin/sh
# Roles and databases of Drover and of Temporal. Run once by the image of Postgres, when its folder is empty.
set -eu

psql --username postgres --set ON_ERROR_STOP=1 \
    --set drover="$DROVER_DATABASE_PASSWORD" --set temporal="$TEMPORAL_DATABASE_PASSWORD" <<'SQL'
CREATE ROLE drover LOGIN PASSWORD :'drover';
CREATE DATABASE drover OWNER drover;
CREATE ROLE temporal LOGIN PASSWORD :'temporal';
CREATE DATABASE temporal OWNER temporal;
CREATE DATABASE temporal_visibility OWNER temporal;
SQL
