# The command alone, as one static program: no shell, no libraries, not root.
#   docker build -t ndpix .
#   docker run --rm -v "$PWD:/data" --user "$(id -u):$(id -g)" ndpix convert images.ndjson -o images.npy
FROM rust:1-alpine AS build
RUN apk add --no-cache musl-dev gcc make
WORKDIR /src
COPY . .
RUN cargo build --release --locked -p ndpix-cli

FROM scratch
COPY --from=build /src/target/release/ndpix /ndpix
COPY --from=build /src/LICENSE-MIT /src/LICENSE-APACHE /
USER 65534:65534
WORKDIR /data
ENTRYPOINT ["/ndpix"]
