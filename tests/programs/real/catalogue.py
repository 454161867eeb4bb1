"""What `catalogue.toml` lists, as values."""

import tomllib
from dataclasses import dataclass, field
from pathlib import Path

CATALOGUE = Path(__file__).parents[1] / "catalogue.toml"


@dataclass(frozen=True)
class Source:
    """A file that is downloaded by the name of its package."""

    id: str
    kind: str
    name: str
    version: str
    blake3: str


@dataclass(frozen=True)
class Environment:
    """An interpreter with packages."""

    id: str
    requirements: tuple[str, ...]
    newest: str
    """No package that was uploaded later is taken."""
    base: str = "own"
    needs: str | None = None
    """A module that the system's Python has to bring."""


@dataclass(frozen=True)
class Mask:
    """What differs from run to run."""

    pattern: str
    text: str
    why: str


@dataclass(frozen=True)
class Unequal:
    """A file whose bytes differ from run to run."""

    path: str
    why: str


@dataclass(frozen=True)
class Program:
    """A program and how it is run."""

    id: str
    title: str
    source: Source
    files: dict[str, str]
    command: tuple[str, ...]
    environment: Environment | None = None
    more: tuple[tuple[str, Source, str], ...] = ()
    """Files of other sources: place, source, path inside."""
    tools: tuple[Source, ...] = ()
    links: tuple[tuple[str, str], ...] = ()
    build: tuple[tuple[str, ...], ...] = ()
    directory: str = "."
    git: bool = True
    masks: tuple[Mask, ...] = ()
    unequal: tuple[Unequal, ...] = ()
    replays: dict[str, str] = field(default_factory=dict)
    """How it is recorded → the verdict of its replay."""
    unexplained: str | None = None
    """Why a replay may diverge with nothing observed that explains it."""

    @property
    def origin(self) -> str:
        """Where it comes from, for a person."""
        where = {"sdist": "sdist", "debian-source": "Debian source"}[self.source.kind]
        return f"{self.source.name} {self.source.version} ({where})"


def load(path: Path = CATALOGUE) -> tuple[Program, ...]:
    """Read the catalogue."""
    document = tomllib.loads(path.read_text("utf-8"))
    sources = {each["id"]: Source(**each) for each in document["source"]}
    environments = {
        each["id"]: Environment(
            **{**each, "requirements": tuple(each["requirements"])}, newest=document["newest"]
        )
        for each in document["environment"]
    }

    def program(each: dict) -> Program:
        given = dict(each)
        given["source"] = sources[each["source"]]
        given["command"] = tuple(each["command"])
        if "environment" in each:
            given["environment"] = environments[each["environment"]]
        given["more"] = tuple(
            (to, sources[name], inside) for to, (name, inside) in each.get("more", {}).items()
        )
        given["tools"] = tuple(sources[name] for name in each.get("tools", ()))
        given["links"] = tuple(each.get("links", {}).items())
        given["build"] = tuple(tuple(words) for words in each.get("build", ()))
        given["masks"] = tuple(Mask(**mask) for mask in each.get("masks", ()))
        given["unequal"] = tuple(
            Unequal(**unequal) for unequal in [*document["unequal"], *each.get("unequal", ())]
        )
        return Program(**given)

    return tuple(program(each) for each in document["program"])
