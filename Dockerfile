# The gateway as a container: one environment per container, configuration and secrets mounted.
FROM python:3.11-slim AS build
WORKDIR /source
COPY pyproject.toml README.md LICENSE requirements.lock ./
COPY gateway gateway
COPY plugins plugins
RUN python -m pip wheel --no-deps --wheel-dir /wheels .

FROM python:3.11-slim
RUN useradd --system --create-home --home-dir /srv/gateway gateway
COPY --from=build /wheels /wheels
COPY requirements.lock /tmp/requirements.lock
# The lock says which versions; the wheel says which packages are needed to run.
RUN python -m pip install --no-cache-dir --constraint /tmp/requirements.lock /wheels/*.whl \
    && rm -r /wheels /tmp/requirements.lock
USER gateway
WORKDIR /srv/gateway
# Mount config.yaml and its secrets at /srv/gateway and a volume at /srv/gateway/var.
VOLUME /srv/gateway/var
EXPOSE 8000 8001
STOPSIGNAL SIGTERM
ENV GATEWAY_ENV=ti
CMD ["sh", "-c", "exec gateway serve --config config.yaml --env \"$GATEWAY_ENV\""]
