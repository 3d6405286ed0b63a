#!/bin/sh
# Temporal's tables: made at the first start, brought up to the server's version at later ones.
set -eu

for database in temporal temporal_visibility; do
    schema=/etc/temporal/schema/postgresql/v12/${database#temporal_}/versioned
    sql() {
        temporal-sql-tool --plugin postgres12 --endpoint postgres --port 5432 --user temporal --database "$database" "$@"
    }
    # Does nothing where the tables are there.
    sql setup-schema -v 0.0
    sql update-schema -d "$schema"
done
