# An image of rota alone. docs/operations.md says how rota gets into the image of a program, and how much time to give
# it for draining.

FROM --platform=$BUILDPLATFORM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG TARGETOS TARGETARCH
RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH go build -trimpath -o /root/image/usr/bin/rota ./cmd/server \
    && mkdir --mode=1777 /root/image/tmp

FROM scratch
ARG VERSION REVISION CREATED
LABEL org.opencontainers.image.title="rota" \
      org.opencontainers.image.description="Graceful reloads for a server of several processes" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.created="$CREATED"
ENV PATH=/usr/bin
COPY --from=build /root/image /
USER 65532:65532
EXPOSE 11111
# The admin API listens on the container's loopback. "docker exec NAME rota status" asks it.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s CMD ["rota", "status"]
# The master drains its workers at this signal, and ends at the latest after drain_timeout.
STOPSIGNAL SIGTERM
ENTRYPOINT ["rota"]
CMD ["run"]
