"""A Dockerfile without Docker: read as its instructions, and carried out in a copy-on-write view of this machine."""

import json
import re
import shlex
from dataclasses import dataclass
from pathlib import Path

MARK = "the image is built"


@dataclass(frozen=True)
class Stage:
    """One stage: its base, its name, and its instructions in order."""

    base: str
    name: str
    steps: tuple[tuple[str, str], ...]

    def all(self, word: str) -> list[str]:
        return [rest for found, rest in self.steps if found == word]

    def last(self, word: str) -> str:
        return self.all(word)[-1]

    def environment(self) -> dict[str, str]:
        return dict(pair.split("=", 1) for rest in self.all("ENV") for pair in shlex.split(rest))

    def command(self) -> list[str]:
        """What the container runs: the exec forms of ENTRYPOINT and CMD."""
        return [*json.loads(self.last("ENTRYPOINT")), *json.loads(self.last("CMD"))]

    def healthcheck(self) -> list[str]:
        return json.loads(self.last("HEALTHCHECK").partition("CMD ")[2])


def read_dockerfile(text: str) -> list[Stage]:
    """The stages of a Dockerfile that uses neither ARG nor heredocs."""
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    stages: list[Stage] = []
    for line in re.sub(r"\\\n\s*", " ", "\n".join(lines)).splitlines():
        word, _, rest = line.strip().partition(" ")
        if word == "FROM":
            base, _, name = rest.partition(" AS ")
            stages.append(Stage(base, name, ()))
        else:
            stages[-1] = Stage(stages[-1].base, stages[-1].name, (*stages[-1].steps, (word, rest.strip())))
    return stages


def build_script(stages: list[Stage], context: Path, work: Path, python: Path, port: str) -> str:
    """A shell script that does what ``docker build`` and ``docker run --read-only`` would, for ``unshare --mount``.

    Each stage's root is this machine's, under an overlay in memory that takes all writes. When the image is built the
    script prints :data:`MARK` and becomes the container's process, so signals to it reach that.

    Args:
        stages: of the Dockerfile.
        context: the folder that COPY reads.
        work: an empty folder to mount things in.
        python: the folder of the interpreter that stands in for the base image's.
        port: what the server listens at instead of 8000.
    """
    lines = ["set -eu", f"mount -t tmpfs -o size=2g,mode=755 memory {work}"]
    path = f"{python}:/usr/local/bin:/usr/bin:/bin"
    for number, stage in enumerate(stages):
        layer, root, here = work / f"layer{number}", work / f"root{number}", "/"
        lines += [
            f"mkdir -p {layer}/upper {layer}/work {root}",
            f"mount -t overlay -o lowerdir=/,upperdir={layer}/upper,workdir={layer}/work overlay {root}",
            *(f"mount --rbind /{name} {root}/{name}" for name in ("proc", "dev")),
            f"chmod 755 {root}/root",  # where this machine's Python may live
        ]
        for word, rest in stage.steps:
            if word == "WORKDIR":
                here = rest
                lines.append(f"mkdir -p {root}{here}")
            elif word == "COPY" and rest.startswith("--from="):
                origin, source, target = rest.removeprefix("--from=").split()
                (index,) = [index for index, other in enumerate(stages) if other.name == origin]
                lines += [f"mkdir -p {root}{target}", f"mount --bind {work}/root{index}{source} {root}{target}"]
            elif word == "COPY":
                *sources, target = rest.split()
                for source in sources:
                    where = f"{root}{Path(here, target)}" + ("/" if target.endswith("/") else "")
                    lines.append(f"cp -a {context / source} {where}")
            elif word == "RUN":
                # The stand-in's Python may be the system's, whose pip asks to be left alone; here it is a copy.
                settings = f"PATH={path} PIP_BREAK_SYSTEM_PACKAGES=1"
                command = shlex.quote(f"cd {here}; {rest}")
                lines.append(f"chroot {root} /usr/bin/env {settings} sh -euc {command} >&2")
    final, root = stages[-1], work / f"root{len(stages) - 1}"
    user, _, group = final.last("USER").partition(":")
    environment = {key: value.replace("$PATH", path) for key, value in final.environment().items()}
    words = [word if word != "8000" else port for word in final.command()]
    lines += [
        *(f"mount --bind {root}{volume} {root}{volume}" for volume in final.all("VOLUME")),
        f"mount -o remount,bind,ro {root}",
        *(f"mount -o remount,bind,ro {root}{copy.split()[-1]}" for copy in final.all("COPY")),
        f"echo {shlex.quote(MARK)}",
        f"exec chroot {root} setpriv --reuid={user} --regid={group} --clear-groups --no-new-privs --bounding-set=-all "
        f"env -i {shlex.join(f'{key}={value}' for key, value in environment.items())} {shlex.join(words)}",
    ]
    return "\n".join(lines) + "\n"
