# syntax=docker/dockerfile:1
# Context Hub as an image: docker build -t context-hub .
#
#   docker run --rm --read-only -p 127.0.0.1:8080:8080 -v hub:/data context-hub      a hub on one machine
#   docker exec CONTAINER context-hub token --user ada --ttl 1h                      a token for it
#
# Nodes and gateways of a cluster are the same image with other words: see deploy/. It has the program, certificates of public
# authorities, and no shell; runs as a user without rights; and writes to /data alone.

FROM rust:1.95.0-bookworm AS build
RUN apt-get -qq update && \
    apt-get -qq install -y --no-install-recommends protobuf-compiler libprotobuf-dev && \
    rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY . .
# What cargo fetched and built stays between builds of one machine; what is in the image is copied out of it. Traces of a panic
# keep the names of functions.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/source/target \
    CARGO_PROFILE_RELEASE_STRIP=debuginfo cargo build --release --locked -p context-hub && \
    mkdir -p /image/usr/local/bin /image/data && \
    cp target/release/context-hub /image/usr/local/bin/ && \
    chown 10001:10001 /image/data

FROM gcr.io/distroless/cc-debian12
LABEL org.opencontainers.image.title="Context Hub" \
      org.opencontainers.image.description="A document store that people and AI agents write at the same time" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /image /
USER 10001:10001
WORKDIR /
ENV DATA_DIR=/data NO_COLOR=1
VOLUME /data
EXPOSE 8080
# Of a hub or a gateway at its usual port. Kubernetes does not look at it: there the manifests have probes.
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
    CMD ["/usr/local/bin/context-hub", "status", "--url", "http://127.0.0.1:8080"]
# What arrives has come through a port that was published on purpose: tokens cross a network in plain text unless that port is on
# loopback, or behind a proxy that ends TLS.
ENTRYPOINT ["/usr/local/bin/context-hub"]
CMD ["dev", "--addr", "0.0.0.0:8080", "--allow-plaintext"]
