"""Pages of a browser that tests use one after the other. A new page takes 1.5 seconds of CPU more than a used one."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from playwright.sync_api import Browser, Dialog, Page, ViewportSize

DESKTOP: ViewportSize = {"width": 1280, "height": 720}
FORGET = "() => { localStorage.clear(); sessionStorage.clear(); }"


class Pages:
    """Each page has a context of its own, and runs `script` before those of the console."""

    def __init__(self, browser: Browser, url: str, script: str = "") -> None:
        self._browser, self._url, self._script = browser, url, script
        self._free: list[Page] = []
        self._faults: list[str] = []

    @contextmanager
    def lent(self) -> Iterator[Callable[..., Page]]:
        """Opens a page of somebody else each time; raises when it broke the security policy or had an error.

        A page that a test leaves something on, such as a listener, is not `kept` for others, nor is one with options.
        """
        with ExitStack() as ending:
            self._faults.clear()

            def open_one(viewport: ViewportSize = DESKTOP, kept: bool = True, **options: object) -> Page:
                if kept and not options:
                    page = self._take(viewport)
                    ending.callback(self._give_back, page)
                else:
                    page = self._open(viewport=viewport, **options)
                    ending.callback(page.context.close)
                return page

            yield open_one
            assert self._faults == []

    def _open(self, **options: object) -> Page:
        context = self._browser.new_context(base_url=self._url, **options)  # type: ignore[arg-type]
        context.set_default_timeout(15_000)
        if self._script:
            context.add_init_script(self._script)
        page = context.new_page()
        page.on("pageerror", lambda error: self._faults.append(str(error)))
        page.on("console", lambda line: self._faults.append(line.text) if "Content Security" in line.text else None)
        return page

    def _take(self, viewport: ViewportSize) -> Page:
        page = self._free.pop() if self._free else self._open()
        page.set_viewport_size(viewport)
        return page

    def _give_back(self, page: Page) -> None:
        """The next test finds a page that knows nobody: no cookie, no storage and no second tab."""
        if page.is_closed():
            page.context.close()
            return
        for tab in page.context.pages:
            if tab is not page:
                tab.close()
        page.on("dialog", _accept)  # typed text is asked about
        page.goto(f"{self._url}/health/live")
        page.remove_listener("dialog", _accept)
        page.evaluate(FORGET)
        page.context.clear_cookies()
        self._free.append(page)


def _accept(dialog: Dialog) -> None:
    dialog.accept()
