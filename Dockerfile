# SPDX-License-Identifier: Apache-2.0
# docker build -t otaru . && docker run -p 8080:8080 -v otaru:/var/lib/otaru otaru
FROM debian:12-slim AS build
WORKDIR /src
COPY script script
RUN script/bootstrap package
COPY . .
RUN cmake --preset release && cmake --build --preset release --target otaru \
    && cpack --config build/release/CPackConfig.cmake -B /package

FROM debian:12-slim
COPY --from=build /package/*.deb /tmp/
RUN apt-get update && apt-get install -y --no-install-recommends /tmp/*.deb \
    && rm -rf /tmp/*.deb /var/lib/apt/lists/* \
    && install -d -o otaru -g otaru -m 700 /var/lib/otaru
USER otaru
VOLUME /var/lib/otaru
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s CMD ["otaru", "ready"]
# The first start prints its API key, once: docker logs.
ENTRYPOINT ["otaru"]
CMD ["serve", "--data", "/var/lib/otaru", "--listen", "0.0.0.0:8080"]
