# syntax=docker/dockerfile:1
# lookout in an image that holds nothing else: one static program on distroless/static, which
# brings the authorities that TLS trusts, a user that is not root, and neither shell nor libc.
#
# Static against glibc (crt-static), not musl: it is the same libc, with the same allocator, that
# lookout is measured with, and since glibc 2.34 names are looked up without modules that would
# have to be loaded. The file of the toolchain is left out of the build (.dockerignore): the base
# image brings the compiler, and the lints that the file asks for would be fetched for nothing.
FROM rust:1.95.0-slim-bookworm AS build
# `daemon` alone leaves out `lookout demo`, which docker-compose.yml plays with.
ARG FEATURES=daemon,demo
ENV RUSTFLAGS="-C target-feature=+crt-static" CARGO_PROFILE_RELEASE_STRIP=symbols
WORKDIR /src
# First the dependencies alone, in a layer that stays as long as Cargo.lock does. The sources are
# stand-ins, older than any real one will be when it is touched below.
COPY Cargo.toml Cargo.lock ./
RUN mkdir src \
 && echo 'fn main() {}' > src/main.rs \
 && : > src/lib.rs \
 && cargo build --release --locked --bin lookout --no-default-features --features "$FEATURES" \
      --target "$(rustc --print host-tuple)" \
 && rm -r src
COPY src src
COPY runbooks runbooks
# The target is named so that the flags are for the program and not for what builds it.
RUN touch src/main.rs src/lib.rs \
 && target="$(rustc --print host-tuple)" \
 && cargo build --release --locked --bin lookout --no-default-features --features "$FEATURES" \
      --target "$target" \
 && cp "target/$target/release/lookout" /lookout \
 && /lookout --version

FROM gcr.io/distroless/static-debian12:nonroot
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="lookout" \
      org.opencontainers.image.description="An MQTT-native operations observer" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"
COPY --from=build /lookout /lookout
# By number, so that Kubernetes can see that it is not root.
USER 65532:65532
EXPOSE 9464
# Asks the address of `http.listen`; it is of no use where that is off.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["/lookout", "health"]
ENTRYPOINT ["/lookout"]
CMD ["run"]
