"""Download a source distribution as it is; run by a Python that has the pip of `sources.PIP`.

``pip download`` would build its metadata first, which needs the compilers of every build system. The index,
the settings and the session are pip's own.
"""

import sys

from pip._internal.commands import create_command
from pip._internal.req.constructors import install_req_from_line


def main(wanted: str, directory: str) -> None:
    from pip._internal.network.download import Downloader

    command = create_command("download")
    name = wanted.partition("==")[0]
    options, _ = command.parse_args(["--no-deps", "--no-binary", name, wanted])
    with command.main_context():
        session = command.get_default_session(options)
        finder = command._build_package_finder(options=options, session=session, ignore_requires_python=True)
        found = finder.find_requirement(install_req_from_line(wanted), upgrade=False)
        Downloader(session, "off", 3)(found.link, directory)


main(*sys.argv[1:])
