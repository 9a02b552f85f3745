FROM python:3.13-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /src
COPY requirements.txt requirements-build.txt ./
RUN python -m venv --without-pip /opt/bookingd \
    && pip --python /opt/bookingd/bin/python install --require-hashes -r requirements.txt \
    && pip install --require-hashes -r requirements-build.txt
COPY . .
RUN pip wheel --no-deps --no-build-isolation --wheel-dir /wheel . \
    && pip --python /opt/bookingd/bin/python install --no-deps --no-index /wheel/*.whl

FROM python:3.13-slim
RUN useradd --uid 10001 --home-dir /data --no-create-home --shell /usr/sbin/nologin bookingd \
    && install -d -o bookingd -g bookingd -m 700 /data
COPY --from=build /opt/bookingd /opt/bookingd
ENV PATH=/opt/bookingd/bin:$PATH BOOKINGD_ENV=production BOOKINGD_HOST=0.0.0.0
USER 10001:10001
# The SQLite database lies here, unless BOOKINGD_DATABASE_URL names another.
WORKDIR /data
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "-ISc", "import os, urllib.request as r; r.build_opener(r.ProxyHandler({})).open( \
    'http://127.0.0.1:' + os.environ.get('BOOKINGD_PORT', '8080') + '/api/health', timeout=3)"]
ENTRYPOINT ["bookingd"]
CMD ["serve"]
