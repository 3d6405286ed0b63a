# The image of the plane and of its workers: `drover serve` and `drover worker` are one program.
# Built with BuildKit: docker build --tag drover:0.1.0 .

FROM rust:1.95-slim-trixie AS build
WORKDIR /src
COPY . .
# gcc, which SQLite and mimalloc are built with, is in the base image. Both folders are caches of the
# builder; the program is copied out of them in the same step.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --locked --profile dist --package drover \
    && install -D --mode 0755 target/dist/drover /out/drover

# The same Debian as above, for the C library that the program was linked with.
FROM debian:trixie-slim
# ca-certificates: models, Postgres and Temporal over TLS. python3: the `python` skill. curl: probes of
# compose.yaml, and a tool's usual wish. tini: waits for orphans, as the first process of a container must.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates curl python3 tini \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 10001 drover \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent \
        --shell /usr/sbin/nologin drover \
    && install --directory --owner 10001 --group 10001 --mode 0750 \
        /etc/drover /var/lib/drover /var/lib/drover-workspaces
COPY --from=build /out/drover /usr/local/bin/drover

# Folders below the mounted ones: the plane makes them with mode 0700, which only their owner can, and
# the root of a volume may belong to somebody else.
ENV DROVER_DATA_DIR=/var/lib/drover/data \
    DROVER_WORKSPACES_DIR=/var/lib/drover-workspaces/runs \
    DROVER_LISTEN=0.0.0.0:8000 \
    DROVER_LOG_FORMAT=json
VOLUME ["/var/lib/drover", "/var/lib/drover-workspaces"]
# `drover.toml` is read from here, if there is one.
WORKDIR /etc/drover
# In numbers, so that Kubernetes can see that it is not root.
USER 10001:10001
EXPOSE 8000
ENTRYPOINT ["/usr/bin/tini", "--", "/usr/local/bin/drover"]
CMD ["serve"]
