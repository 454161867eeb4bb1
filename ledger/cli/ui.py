"""The command ``ledger ui``."""

import click

from ledger.cli import common


@click.command(
    "ui",
    short_help="Look at the ledger in a browser.",
    epilog=common.ends(
        """ledger ui
        ledger ui --port 8642 --no-browser""",
        "0 ok, 2 the port cannot be had, 3 there is no ledger",
    ),
)
@click.option(
    "--port", metavar="N", type=click.IntRange(0, 65535), default=0, help="On this port [any free one]."
)
@click.option("--no-browser", is_flag=True, help="Only print the address.")
@click.option("--write", is_flag=True, help="Let notes be written on the page.")
@click.pass_context
def command(context: click.Context, port: int, no_browser: bool, write: bool) -> None:
    """Look at the ledger in a browser, until you interrupt with Ctrl-C.

    The page is served to this machine alone, and only to who has its address: a token in it changes with
    each start. It loads nothing from anywhere else.
    """
    from ledger.ui.serve import serve

    workspace = common.opened(context)

    def ready(address: str) -> None:
        click.echo(address)
        if not no_browser:
            import webbrowser
            from threading import Thread

            # A browser that runs in the terminal returns when it ends, and it needs a server meanwhile.
            Thread(target=webbrowser.open, args=(address,), daemon=True).start()

    serve(workspace, port=port, write=write, ready=ready)
