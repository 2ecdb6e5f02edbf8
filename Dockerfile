# CPU:   docker build -t attune .
# CUDA:  docker build -t attune:cuda --build-arg BASE=nvidia/cuda:12.6.3-runtime-ubuntu24.04 --build-arg LIBTORCH=ARCHIVE .
#        where ARCHIVE is the address of libtorch for C++ and CUDA 12.6, from https://pytorch.org/get-started/locally
# Then:  docker run --rm -it -p 5400:5400 -v "$PWD:/work" attune doctor      (with --gpus all for CUDA)
ARG BASE=debian:12
FROM mcr.microsoft.com/dotnet/sdk:10.0 AS dotnet

FROM ${BASE}
COPY --from=dotnet /usr/share/dotnet /usr/share/dotnet
RUN ln -s /usr/share/dotnet/dotnet /usr/local/bin/dotnet

ARG LIBTORCH=
RUN if [ -n "$LIBTORCH" ]; then \
      apt-get update && apt-get install -y --no-install-recommends ca-certificates curl unzip \
      && curl -fsSL -o /tmp/libtorch.zip "$LIBTORCH" && unzip -q /tmp/libtorch.zip -d /opt && rm /tmp/libtorch.zip; \
    fi
ENV CMAKE_PREFIX_PATH=${LIBTORCH:+/opt/libtorch}

COPY . /opt/attune
RUN /opt/attune/eng/setup.sh && rm -rf /var/lib/apt/lists/*
WORKDIR /work
ENTRYPOINT ["/opt/attune/attune"]
