"""Pages of a ledger in a real browser."""

import pytest

from tests.browsers import launched, page_in, serving


@pytest.fixture(scope="module")
def browser():
    """Chromium; what needs it is skipped where there is none.

    It has an event loop that runs in this thread, in which no other can: so it does not outlive its module.
    """
    with launched() as made:
        yield made


class Page:
    """A page of a ledger, and all that went wrong on it."""

    def __init__(self, page, address):
        self.page, self.address = page, address
        self.errors, self.foreign = [], []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda said: self.errors.append(said.text) if said.type == "error" else None)
        page.on("request", self._asked)

    def _asked(self, request):
        if not request.url.startswith(self.address):
            self.foreign.append(request.url)

    def open(self, fragment):
        """Go to a place of the page; wait until it is shown."""
        self.page.goto(self.address + fragment)
        self.page.wait_for_selector("#view > .view > *")
        return self.page

    def cells(self):
        """The table's words, a row a list."""
        self.page.wait_for_selector("regular-table tbody td, regular-table tbody th")
        return self.page.eval_on_selector_all(
            "regular-table tbody tr",
            "rows => rows.map(row => [...row.children].map(cell => cell.textContent))",
        )


@pytest.fixture
def page_of(browser):
    """Return a function: (``.ledger`` directory, options of `ledger ui`) → a `Page`, checked at the end."""
    opened = []

    def open_page(ledger, *options, **settings):
        context = serving(ledger, *options)
        address = context.__enter__()
        page = Page(page_in(browser, **settings), address)
        opened.append((context, page))
        return page

    yield open_page
    for context, page in opened:
        page.page.close()
        context.__exit__(None, None, None)
    for _, page in opened:
        assert page.errors == []
        assert page.foreign == []
