# Workers, Flower and the raincheck command. Mount or COPY your pipelines into /pipelines;
# what they import beside Raincheck is installed with:
#   FROM raincheck
#   USER root
#   RUN pip --python /opt/raincheck/bin/python install --no-cache-dir xgboost
#   USER raincheck
FROM python:3.12-slim AS build
RUN pip install --no-cache-dir uv==0.13.9
WORKDIR /src
ENV UV_PROJECT_ENVIRONMENT=/opt/raincheck UV_PYTHON_DOWNLOADS=never UV_LINK_MODE=copy \
    UV_COMPILE_BYTECODE=1
# First what is locked: it changes less often than our code.
COPY pyproject.toml uv.lock ./
RUN uv sync --frozen --no-default-groups --extra flower --extra telemetry --no-install-project
COPY README.md LICENSE ./
COPY contracts contracts
COPY producers producers
COPY workers workers
RUN uv sync --frozen --no-default-groups --extra flower --extra telemetry --no-editable

FROM python:3.12-slim
RUN useradd --uid 10001 --create-home raincheck \
    && install --directory --owner=raincheck /blobs /pipelines
COPY --from=build /opt/raincheck /opt/raincheck
# The root file system may be read-only: what needs a home has /tmp.
ENV PATH=/opt/raincheck/bin:$PATH HOME=/tmp RAINCHECK_STORE=/blobs PYTHONDONTWRITEBYTECODE=1
USER raincheck
WORKDIR /pipelines
# A worker ends in good order on SIGTERM; see stop_grace_period in docker-compose.yml.
ENTRYPOINT ["raincheck"]
CMD ["worker"]
