#!/bin/sh
# Checks everything in deploy/ and the Dockerfile as far as it can be checked without running it: linters, schemas,
# rendering. Uses what is installed and says what it skipped; needs no network. Ends with 1 if something was found.
#
#   deploy/check.sh [--strict]      --strict: a skipped check is a finding, for a machine that has all the tools
#
# The tools, and where they come from: docs/containers.md.
set -u
cd "$(dirname "$0")/.." || exit 2

strict=no
case "${1:-}" in
    "") ;;
    --strict) strict=yes ;;
    *) echo "usage: deploy/check.sh [--strict]" >&2; exit 2 ;;
esac

kept=$(mktemp -d) || exit 2
trap 'rm -rf "$kept"' EXIT
good=0 found=0 skipped=0

# check NAME COMMAND…: the command is silent where all is well; what it says otherwise is shown.
check() {
    what=$1
    shift
    if "$@" >"$kept/said" 2>&1; then
        good=$((good + 1))
        echo "ok    $what"
    else
        found=$((found + 1))
        echo "FOUND $what"
        sed 's/^/      /' "$kept/said"
    fi
}

skip() {
    skipped=$((skipped + 1))
    echo "skip  $1: $2"
}

has() {
    command -v "$1" >/dev/null 2>&1
}

# --- Without any tool ---------------------------------------------------------------------------------------

the_version_stands_once() {
    version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
    rust=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
    grep -q "^appVersion: $version\$" deploy/helm/drover/Chart.yaml || {
        echo "Chart.yaml: appVersion is not $version, the version of Cargo.toml"
        return 1
    }
    grep -qF "drover:$version}" deploy/compose/compose.yaml || {
        echo "compose.yaml: the image's tag is not $version"
        return 1
    }
    grep -q "^FROM rust:$rust-" Dockerfile || {
        echo "Dockerfile: it is not built with Rust $rust, the rust-version of Cargo.toml"
        return 1
    }
}

# A plane that is stopped at once lets requests fail until the proxy has noticed.
planes_drain() {
    for file in deploy/compose/compose.yaml deploy/helm/drover/templates/planes.yaml; do
        grep -q DROVER_DRAIN_SECONDS "$file" || {
            echo "$file: planes are not told to drain (DROVER_DRAIN_SECONDS)"
            return 1
        }
    done
}

# Variables of settings that are being built. This list only shrinks: a name the program knows is a finding here.
awaited=""

the_program_knows_every_variable() {
    # DROVER_IMAGE and the passwords are compose.yaml's own.
    own=" DROVER_IMAGE DROVER_DATABASE_PASSWORD "
    grep -rhoE '\bDROVER_[A-Z_]+\b' Dockerfile deploy --include=Dockerfile --include='*.yaml' \
        --include='*.tpl' --include='*.example' --include='*.py' | sort -u >"$kept/names"
    faults=0
    while read -r name; do
        case "$own" in *" $name "*) continue ;; esac
        if grep -qF "\"$name\"" crates/drover/src/config_variables.rs; then
            case " $awaited " in *" $name "*)
                echo "$name is known to config_variables.rs: take it out of \`awaited\` in deploy/check.sh"
                faults=1 ;;
            esac
        else
            case " $awaited " in *" $name "*) continue ;; esac
            echo "$name is not a variable of config_variables.rs"
            faults=1
        fi
    done <"$kept/names"
    return $faults
}

no_secret_is_written_down() {
    # Values of what sounds like a secret are references, variables or empty.
    if grep -rnEi '(password|pwd|secret|api_key|signing_key|token)[a-z_]*[:=] *["'\'']?[A-Za-z0-9+/]{12,}' deploy Dockerfile \
        --include='*.yaml' --include='*.example' --include=Dockerfile; then
        return 1
    fi
}

check "one version in Cargo.toml, chart, compose.yaml and Dockerfile" the_version_stands_once
check "variables are settings of the program" the_program_knows_every_variable
check "planes drain before they stop" planes_drain
check "no secret is written down" no_secret_is_written_down

# --- Scripts ------------------------------------------------------------------------------------------------

if has shellcheck; then
    check "shellcheck: scripts" shellcheck deploy/check.sh deploy/compose/*.sh
else
    for script in deploy/check.sh deploy/compose/*.sh; do
        check "sh -n: $script" sh -n "$script"
    done
    skip "shellcheck: scripts" "shellcheck is not installed"
fi

ledger_compiles() {
    python3 -c 'import ast, sys; ast.parse(open(sys.argv[1]).read(), sys.argv[1], feature_version=(3, 9))' deploy/ledger.py
}
if has python3; then
    check "python3: ledger.py" ledger_compiles
else
    skip "python3: ledger.py" "python3 is not installed"
fi

# --- Image --------------------------------------------------------------------------------------------------

if has hadolint; then
    check "hadolint: Dockerfile" hadolint Dockerfile
else
    skip "hadolint: Dockerfile" "hadolint is not installed"
fi

# --- YAML ---------------------------------------------------------------------------------------------------

if has yamllint; then
    check "yamllint: compose.yaml, chart, values" yamllint --strict --config-file deploy/yamllint.yaml \
        deploy/yamllint.yaml deploy/compose/compose.yaml deploy/compose/temporal-dynamic.yaml deploy/helm/drover/Chart.yaml \
        deploy/helm/drover/values.yaml deploy/helm/drover/ci
else
    skip "yamllint: compose.yaml, chart, values" "yamllint is not installed"
fi

# --- compose.yaml -------------------------------------------------------------------------------------------

if has check-jsonschema; then
    check "check-jsonschema: compose.yaml" check-jsonschema --builtin-schema vendor.compose-spec deploy/compose/compose.yaml
else
    skip "check-jsonschema: compose.yaml" "check-jsonschema is not installed"
fi

# Every variable that .env.example leaves empty gets a value, as its reader would give it.
sed -n 's/^\([A-Z_]*\)=$/\1=0123456789abcdef/p' deploy/compose/.env.example >"$kept/env"
compose=
if docker compose version >/dev/null 2>&1; then
    compose="docker compose"
elif has docker-compose && docker-compose version --short 2>/dev/null | grep -qv '^v\{0,1\}1\.'; then
    compose=docker-compose
fi
compose_renders() {
    # $compose may be two words.
    # shellcheck disable=SC2086
    $compose --file deploy/compose/compose.yaml --env-file "$1" --profile worker config --quiet
}
compose_refuses_what_is_not_filled_in() {
    if compose_renders deploy/compose/.env.example; then
        echo "a plane would start without its signing key"
        return 1
    fi
}
if [ -n "$compose" ]; then
    check "$compose config: compose.yaml" compose_renders "$kept/env"
    check "$compose config: refuses .env.example as it is" compose_refuses_what_is_not_filled_in
else
    skip "docker compose config: compose.yaml" "Docker Compose is not installed"
fi

# --- HAProxy ------------------------------------------------------------------------------------------------

haproxy_takes_it() {
    LISTEN=127.0.0.1:8000 PLANE_1=127.0.0.1:8001 PLANE_2=127.0.0.1:8002 haproxy -c -f deploy/haproxy.cfg
}
if has haproxy; then
    check "haproxy -c: haproxy.cfg" haproxy_takes_it
else
    skip "haproxy -c: haproxy.cfg" "haproxy is not installed"
fi

# --- Chart --------------------------------------------------------------------------------------------------

chart=deploy/helm/drover
# The oldest Kubernetes of Chart.yaml, and a recent one.
oldest=1.25 recent=1.34
render() {
    helm template drover $chart --namespace drover --kube-version "$1.0" --values "$2"
}
# Values that must not render: what they would start could not work.
chart_refuses() {
    because=$1
    shift
    if helm template drover $chart --kube-version $recent.0 "$@" >"$kept/rendered" 2>&1; then
        echo "rendered with $*"
        return 1
    fi
    grep -qF -- "$because" "$kept/rendered" || {
        echo "refused, but not since $because:"
        cat "$kept/rendered"
        return 1
    }
}
if has helm; then
    for values in "$chart"/ci/*-values.yaml; do
        short=${values##*/}
        check "helm lint: $short" helm lint --strict --quiet $chart --values "$values"
        for version in $oldest $recent; do
            check "helm template, Kubernetes $version: $short" render "$version" "$values"
            [ -s "$kept/said" ] && cp "$kept/said" "$kept/$version-$short"
            if has kubernetes-validate; then
                check "kubernetes-validate $version: $short" kubernetes-validate --strict --quiet \
                    --kubernetes-version "$version" "$kept/$version-$short"
            else
                skip "kubernetes-validate $version: $short" "kubernetes-validate is not installed"
            fi
        done
    done
    worker="workers[0].name=a,workers[0].apiKey.secret=s,workers[0].apiKey.key=k"
    check "chart refuses a worker on Temporal without Temporal" chart_refuses "temporal.address" \
        --set "$worker,workers[0].queues[0]=01a20ace-9d95-70d3-beb3-97472588f575"
    check "chart refuses a queue that is no id" chart_refuses "/workers/0/queues/0" \
        --set "$worker,workers[0].queues[0]=default,workers[0].plane=http"
    check "chart refuses a key for Temporal over plain HTTP" chart_refuses "/temporal/address" \
        --set temporal.address=http://temporal:7233,temporal.apiKey.secret=s
    check "chart refuses a secret among variables" chart_refuses "/planes/env/0/name" \
        --set "planes.env[0].name=DROVER_SIGNING_KEY,planes.env[0].value=x"
    check "chart refuses a value it does not know" chart_refuses "replica" --set planes.replica=3
else
    skip "helm lint, helm template, kubernetes-validate: chart" "helm is not installed"
fi

# ------------------------------------------------------------------------------------------------------------

echo
echo "$good ok, $found found, $skipped skipped"
[ "$found" -eq 0 ] && { [ "$strict" = no ] || [ "$skipped" -eq 0 ]; }
