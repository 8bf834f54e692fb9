# A slim image whose command is cleanse:
#   docker build -t cleanse .
#   docker run --rm -v "$PWD:/data" cleanse run pages/ out.parquet
FROM python:3.12-slim AS build
WORKDIR /source
COPY . .
RUN python -m venv /opt/cleanse \
 && /opt/cleanse/bin/pip install --no-cache-dir --constraint constraints.txt '.[web]' \
 && rm -rf /opt/cleanse/lib/python3.12/site-packages/pip

FROM python:3.12-slim
COPY --from=build /opt/cleanse /opt/cleanse
ENV PATH=/opt/cleanse/bin:$PATH
WORKDIR /data
ENTRYPOINT ["cleanse"]
CMD ["--help"]
