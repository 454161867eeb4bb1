"""Guild AI: a run is a directory with a copy of the source code, in which the script runs."""

import json

from asked.base import Peer
from asked.project import ARGUMENTS

_FILE = """\
train:
  main: train
  flags-import: all
  requires:
    - file: {data}
"""


class Guild(Peer):
    name = "Guild AI"
    packages = ("guildai", "setuptools<80")
    labels = {"input": "`requires:` in guild.yml"}  # noqa: RUF012
    says = {"same": "`guild diff -p FILE`", "value": "`guild diff -p FILE`"}  # noqa: RUF012

    def variables(self):
        guild = self.home / "guild"
        guild.mkdir(exist_ok=True)
        return super().variables() | {"GUILD_HOME": str(guild)}

    def prepare(self, project, more):
        if more:
            (project.root / "guild.yml").write_text(_FILE.format(data=project.data), "utf-8")
        return 0

    def command(self, project, more, arguments=ARGUMENTS):
        pairs = [f"{name[2:]}={value}" for name, value in zip(arguments[::2], arguments[1::2], strict=True)]
        return ["guild", "run", "--yes", "train" if more else "train.py", *pairs]

    def record(self, project):
        return [max((self.home / "guild" / "runs").iterdir(), key=lambda each: each.stat().st_ctime)]

    def output(self, project):
        return self.record(project)[0] / "model.json"

    def again(self, project, to):
        (first,) = self.record(project)
        self.call(["guild", "run", "--yes", "--proto", first.name], to)
        (second,) = self.record(project)
        assert first != second
        (self.place / "pair.json").write_text(json.dumps([first.name, second.name]), "utf-8")
        return (second / "model.json").read_bytes()

    def compared(self, project, to):
        pair = json.loads((self.place / "pair.json").read_text("utf-8"))
        return self.call(["guild", "diff", *pair, "-p", "model.json", "--cmd", "diff"], to, check=False)[1]

    def count(self, project):
        said = self.call(["guild", "runs", "list", "--json", "--completed"], project.root)[1]
        return len(json.loads(said.splitlines()[-1]))
