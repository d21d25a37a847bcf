FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
RUN cargo build --locked --release --package gateway

FROM debian:bookworm-slim
RUN useradd --system --create-home gigdesk
COPY --from=build /src/target/release/gigdesk /usr/local/bin/gigdesk
USER gigdesk
EXPOSE 8080
ENTRYPOINT ["gigdesk"]
CMD ["serve"]
