# reconciler in a container: small, not root, and at work on a root file system that is read-only.
#
#   docker build --tag reconciler .
#   docker run --rm --read-only --tmpfs /tmp --user "$(id -u)" --volume "$PWD:/work" reconciler plan
#
# Every package is installed by its hash. For a build that is repeated octet for octet name the base by its digest:
#   docker build --build-arg BASE=python:3.13-slim-bookworm@sha256:... .

ARG BASE=python:3.13-slim-bookworm

FROM ${BASE} AS build
WORKDIR /source
COPY locks/run.txt locks/build.txt locks/
RUN python -m venv --without-pip /opt/reconciler \
    && python -m pip --python /opt/reconciler/bin/python install --no-cache-dir --only-binary :all: --require-hashes --requirement locks/run.txt \
    && python -m pip install --no-cache-dir --only-binary :all: --require-hashes --requirement locks/build.txt
COPY pyproject.toml README.md LICENSE mail_reconciler.py ./
COPY tools/packaging.py tools/
COPY share share
COPY reconciler reconciler
RUN python -m pip --python /opt/reconciler/bin/python install --no-cache-dir --no-index --no-deps --no-build-isolation .

FROM ${BASE}
# git tells from which commit is applied, and whether a file of secrets is tracked.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends git \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build /opt/reconciler /opt/reconciler
ENV PATH=/opt/reconciler/bin:$PATH HOME=/tmp PYTHONDONTWRITEBYTECODE=1
LABEL org.opencontainers.image.title="reconciler" org.opencontainers.image.licenses="Apache-2.0"
WORKDIR /work
USER 65532:65532
ENTRYPOINT ["reconciler"]
CMD ["--help"]
