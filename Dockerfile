# The gateway as an image. It runs one environment, which GATEWAY_ENV names; docs/deployment.md shows how.
#
# The base is named by its digest: the tag stands there for people. A newer one, about once a month:
#   docker buildx imagetools inspect python:3.11-slim
# and put the digest that it prints into both lines. 3.11 is what the tests run on.
FROM python:3.11-slim@sha256:90744cff8f32887f075c47d747a173ff333e9e98801667af93c357fa9f5e28ff AS build
WORKDIR /source
COPY deploy/build.lock deploy/run.lock deploy/
# Only what the lock files name with its hash gets in.
RUN python -m venv /build \
    && /build/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r deploy/build.lock
RUN python -m venv --without-pip /opt/toegangspoort \
    && /build/bin/pip --python /opt/toegangspoort/bin/python install --no-cache-dir --disable-pip-version-check \
        --only-binary :all: --require-hashes -r deploy/run.lock
COPY pyproject.toml README.md LICENSE ./
COPY gateway gateway
COPY plugins plugins
RUN /build/bin/python -m hatchling build -t wheel -d /wheel \
    && /build/bin/pip --python /opt/toegangspoort/bin/python install --no-cache-dir --disable-pip-version-check \
        --no-deps --no-index /wheel/*.whl

FROM python:3.11-slim@sha256:90744cff8f32887f075c47d747a173ff333e9e98801667af93c357fa9f5e28ff
RUN groupadd --gid 10001 toegangspoort \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /var/lib/toegangspoort \
        --shell /usr/sbin/nologin toegangspoort \
    && install -d -o 10001 -g 10001 -m 0750 /var/lib/toegangspoort \
    && install -d -m 0755 /etc/toegangspoort
COPY --from=build /opt/toegangspoort /opt/toegangspoort
ENV PATH=/opt/toegangspoort/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONDONTWRITEBYTECODE=1
# A number, so that Kubernetes can see that it is not root.
USER 10001:10001
WORKDIR /var/lib/toegangspoort
# All that the gateway writes. The rest of the file system may be read-only, with a tmpfs on /tmp.
VOLUME /var/lib/toegangspoort
EXPOSE 8000 8001
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "from http.client import HTTPConnection as C; c = C('127.0.0.1', 8001, timeout=4); c.request('GET', '/healthz'); raise SystemExit(c.getresponse().status != 200)"]
# Mount config.yaml at /etc/toegangspoort. Whatever address it listens on, in the container it is all of them.
CMD ["gateway", "serve", "--config", "/etc/toegangspoort/config.yaml", "--listen", "0.0.0.0:8000", "--observe-listen", "0.0.0.0:8001"]
