# The program without its demo, in an image that holds little else. The file of the toolchain is
# left out of the build (.dockerignore): the base image brings the compiler, and the lints that
# the file asks for would be fetched for nothing.
FROM rust:1.95-slim-trixie AS build
WORKDIR /src
COPY . .
RUN cargo build --release --locked --no-default-features --features daemon

FROM debian:trixie-slim
# Whom a broker's certificate may come from, where the configuration names nobody.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /src/target/release/lookout /usr/local/bin/lookout
USER 65534:65534
ENTRYPOINT ["lookout"]
CMD ["run"]
