# The images of oms_state:
#
#   docker build --target server  -t oms_state:15 .             PostgreSQL 15 with the extension, as the official image is
#   docker build --target cnpg    -t oms_state-cnpg:15.20 .     the same for CloudNativePG; its tag must begin with the server's version
#   docker build --target bridge  -t oms_bridge:0.2.0 .
#   docker build --target gateway -t oms_gateway:0.2.0 .
#
# The extension is built against the headers of the server that it is built beside, to the minor version: of the images that it goes into, none may
# be older than POSTGRES. test/packages runs every step of this file in a clean Debian, so a step is what any Debian can do.
ARG POSTGRES=postgres:15-bookworm
ARG CNPG=ghcr.io/cloudnative-pg/postgresql:15-standard-bookworm
ARG DEBIAN=debian:bookworm-slim

FROM ${POSTGRES} AS extension
RUN apt-get update && apt-get install -y --no-install-recommends make gcc libc6-dev \
        "postgresql-server-dev-15=$(dpkg-query -W -f '${Version}' postgresql-15)"
COPY . /build
RUN make -C /build -j "$(nproc)" with_llvm=no PG_CONFIG=/usr/lib/postgresql/15/bin/pg_config && \
    make -C /build install with_llvm=no PG_CONFIG=/usr/lib/postgresql/15/bin/pg_config DESTDIR=/stage

# The programs, with the libraries of the image that they run in.
FROM ${DEBIAN} AS programs
RUN apt-get update && apt-get install -y --no-install-recommends make gcc libc6-dev pkg-config \
        libpq-dev librdkafka-dev libjansson-dev libmicrohttpd-dev libgnutls28-dev libsystemd-dev
COPY . /build
RUN for program in debezium/bridge gateway; do \
        make -C /build/$program -j "$(nproc)" install prefix=/usr DESTDIR=/stage || exit 1; \
    done

FROM ${POSTGRES} AS server
RUN apt-get update && apt-get install -y --no-install-recommends postgresql-15-cron postgresql-15-wal2json && \
    rm -rf /var/lib/apt/lists/*
COPY --from=extension /stage/ /

FROM ${CNPG} AS cnpg
USER root
RUN apt-get update && apt-get install -y --no-install-recommends postgresql-15-cron postgresql-15-wal2json && \
    rm -rf /var/lib/apt/lists/*
COPY --from=extension /stage/ /
USER 26

FROM ${DEBIAN} AS bridge
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates \
        libpq5 librdkafka1 libjansson4 libmicrohttpd12 libsystemd0 && \
    rm -rf /var/lib/apt/lists/*
COPY --from=programs /stage/usr/bin/oms_bridge /usr/bin/oms_bridge
USER 65534:65534
ENTRYPOINT ["oms_bridge"]
CMD ["--config", "/etc/oms_bridge/bridge.conf"]

FROM ${DEBIAN} AS gateway
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates \
        libpq5 libgnutls30 libmicrohttpd12 libsystemd0 && \
    rm -rf /var/lib/apt/lists/*
COPY --from=programs /stage/usr/bin/oms_gateway /usr/bin/oms_gateway
USER 65534:65534
ENTRYPOINT ["oms_gateway"]
CMD ["--config", "/etc/oms_gateway/gateway.conf"]
