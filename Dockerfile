# docker build -t pothole-lab .
# docker run --rm --read-only --tmpfs /tmp -p 127.0.0.1:8050:8050 pothole-lab
# More than one process of each kind behind a proxy: app/deploy/compose.yaml.
FROM python:3.11.13-slim-bookworm AS program

# Empty: torch as the usual package index has it, on Linux the CUDA build. To choose the CPU build or another CUDA one,
# give the address of torch's package index for it. The version is pinned in requirements.txt either way.
ARG TORCH_INDEX=""

ENV PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_ROOT_USER_ACTION=ignore \
    HOME=/tmp \
    NUMBA_CACHE_DIR=/tmp/numba

# Folders that volumes are mounted at belong to the user below, or nothing could be written there.
RUN install -d -o 10001 -g 10001 /state /assets /tls

WORKDIR /srv/pothole-lab

# Requirements first: they change less often than the code, and installing them takes longest. All are checked against
# their hashes but torch: its builds of one version have hashes of their own on each index.
COPY requirements.txt ./
COPY tests/constraints.txt ./tests/
COPY app/deploy/requirements.lock ./app/deploy/
# hadolint ignore=DL3013
RUN pip install --require-hashes -r app/deploy/requirements.lock \
    && pip install ${TORCH_INDEX:+--index-url "$TORCH_INDEX"} "$(grep '^torch==' requirements.txt)" -c tests/constraints.txt

COPY geometry ./geometry
COPY optimizers ./optimizers
COPY app ./app
COPY assets ./assets

# The manual is made out of the code's own tables and docstrings, and of what was measured. What builds it stays in this stage.
FROM program AS manual
COPY CONTRIBUTING.md ./
COPY docs ./docs
COPY tests/ecosystem ./tests/ecosystem
COPY tests/load/results ./tests/load/results
COPY tests/benchmarks/results ./tests/benchmarks/results
RUN pip install --require-hashes -r docs/requirements.lock \
    && python -m sphinx --fail-on-warning --keep-going --quiet -d /tmp/trees docs /manual

FROM program
COPY --from=manual /manual ./app/manual

# A number, not a name: an orchestrator can see that it is not root. The code stays root's, so the program cannot change it.
USER 10001:10001
EXPOSE 8050
STOPSIGNAL SIGTERM
# The process answers as soon as it is imported; the first compilation, on an empty /tmp, is /readyz' affair.
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8050/healthz', timeout=4)"]
CMD ["python", "-m", "app", "--host", "0.0.0.0", "--port", "8050", "--no-browser"]
