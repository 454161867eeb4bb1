"""The stories of ``examples/``: what their scripts print is written into their READMEs.

python tests/cli/stories.py [NAME]...
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
STORIES = (
    "drift",
    "paper",
    "least_squares_and_lasso",
    "polynomial_degree",
    "svm_tolerance",
    "network_topology",
    "batch_size",
    "lstm_tunability",
    "seeds_in_rl",
    "implementations",
    "gradient_descent_and_lbfgs",
    "random_seeds",
)
_PRINTED = re.compile(
    r"(?<=^<!-- story: made by tests/cli/stories.py -->\n).*?(?=^<!-- end -->$)", re.M | re.S
)


def readme(name):
    return EXAMPLES / name / "README.md"


def told(name, place, budget="full"):
    """What a story's script prints, run in a directory that it makes; `CalledProcessError` if it fails."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("LEDGER_", "GIT_"))}
    variables = kept | {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "VIRTUAL_ENV": sys.prefix,
        "LANG": "C.UTF-8",
        "STORY_BUDGET": budget,
    }
    script = ["sh", str(EXAMPLES / name / "demo.sh"), str(place)]
    done = subprocess.run(
        script, env=variables, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True, text=True
    )
    return "".join(f"{line.rstrip()}\n" for line in done.stdout.splitlines())


def with_story(text, story):
    return _PRINTED.sub(lambda _: f"```console\n{story}```\n", text)


def story_of(text):
    """What a README says that the script printed."""
    return _PRINTED.search(text)[0].removeprefix("```console\n").removesuffix("```\n")


def main():
    for name in sys.argv[1:] or STORIES:
        with tempfile.TemporaryDirectory() as directory:
            story = told(name, Path(directory) / name)
        path = readme(name)
        path.write_text(with_story(path.read_text("utf-8"), story), "utf-8")


if __name__ == "__main__":
    main()
