# The server in a small image. It needs a Postgres: CODER_PG_CONNECTION_URL.
FROM rust:1.95-bookworm AS build
WORKDIR /source
COPY . .
ENV SQLX_OFFLINE=true
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/source/target \
    cargo build --release --locked && cp target/release/workspaced /workspaced

FROM debian:bookworm-slim
# git: templates may take modules from repositories. curl: the health check.
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates curl git \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --create-home --home-dir /var/lib/workspaced workspaced
COPY --from=build /workspaced /usr/local/bin/workspaced
COPY LICENSE /usr/share/doc/workspaced/LICENSE
USER workspaced
WORKDIR /var/lib/workspaced
# Made here so that a named volume belongs to the user of the server.
RUN mkdir cache config
ENV CODER_HTTP_ADDRESS=0.0.0.0:3000 \
    CODER_CACHE_DIRECTORY=/var/lib/workspaced/cache \
    CODER_CONFIG_DIR=/var/lib/workspaced/config
VOLUME ["/var/lib/workspaced/cache", "/var/lib/workspaced/config"]
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
    CMD curl --fail --silent --output /dev/null http://127.0.0.1:3000/healthz
ENTRYPOINT ["workspaced"]
CMD ["server"]
