# SPDX-License-Identifier: MIT
# One binary on Debian's C library: docker build -t usher . && docker run --env-file FILE -p 8080:8080 usher
# FILE has the variables of the README's "needed in production"; without them: docker run --network host usher dev
FROM debian:12 AS build
WORKDIR /src
COPY . .
RUN ./dev build && cp build/release/usher /usher && strip /usher

FROM debian:12-slim
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --no-create-home usher
COPY --from=build /usher /usr/local/bin/usher
USER usher
EXPOSE 8080
# PID 1 handles SIGTERM itself: /readyz says 503, what is in flight finishes, exit 0.
ENTRYPOINT ["usher"]
CMD ["serve", "--host", "0.0.0.0"]
