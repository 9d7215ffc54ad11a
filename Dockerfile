# Workers and the raincheck command. Mount or COPY your pipelines into /pipelines.
FROM python:3.12-slim AS build
RUN pip install --no-cache-dir uv==0.13.9
WORKDIR /src
COPY pyproject.toml uv.lock README.md LICENSE ./
COPY contracts contracts
COPY producers producers
COPY workers workers
ENV UV_PROJECT_ENVIRONMENT=/opt/raincheck UV_PYTHON_DOWNLOADS=never
RUN uv sync --frozen --no-default-groups --no-editable

FROM python:3.12-slim
RUN useradd --create-home raincheck && mkdir /blobs /pipelines && chown raincheck /blobs /pipelines
COPY --from=build /opt/raincheck /opt/raincheck
ENV PATH=/opt/raincheck/bin:$PATH RAINCHECK_STORE=/blobs
USER raincheck
WORKDIR /pipelines
# Celery ends in good order on SIGTERM; see stop_grace_period in docker-compose.yml.
ENTRYPOINT ["raincheck"]
CMD ["worker"]
