"""The built book and a browser without a network.

``built_book`` builds the book (or reuses what the notebooks of this session have run) and
``open_page`` opens one of its pages in Chromium, where every request that would leave this
machine is refused and written down.
"""

from __future__ import annotations

import contextlib
import functools
import http.server
import os
import shutil
import threading
from pathlib import Path
from urllib.parse import urlsplit

import build_book
import pytest
from playwright.sync_api import sync_playwright

COMMANDS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
APPLICATIONS = (
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)
NO_CHROMIUM = (
    "Chromium was not found, so no page was opened: install it "
    "(apt install chromium, brew install --cask chromium) or set CHROMIUM=/path/to/chrome"
)
FLAGS = [
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]
WHEN_TYPESET = """() => window.MathJax?.startup?.promise
    ?.then(() => null, (error) => console.error("MathJax: " + error))"""

WIDGETS_SHOWN = """() => [...document.querySelectorAll(
    'script[type="application/vnd.jupyter.widget-view+json"]')]
    .every((view) => view.parentElement.querySelector("canvas, .seg-widget-error"))"""


@pytest.fixture(scope="session")
def built_book(failed_cells) -> Path:
    """Folder of the HTML book, built once in a session."""
    if failed_cells:
        pytest.fail(f"the book is not built: {failed_cells[0]} failed", pytrace=False)
    run = build_book.build(capture=True)
    if run.returncode != 0:
        lines = run.stdout.splitlines()
        warnings = [line for line in lines if "WARNING" in line or "ERROR" in line]
        told = "\n".join(warnings or lines[-30:])
        pytest.fail(f"jupyter-book build -W -n failed:\n{told}", pytrace=False)
    return build_book.INDEX.parent


def pytest_terminal_summary(terminalreporter):
    if build_book.INDEX.exists():
        terminalreporter.write_line(f"The book: {build_book.INDEX}")


def find_chromium() -> str | None:
    """Path of a Chromium on this machine: the variable CHROMIUM, else the usual names."""
    if named := os.environ.get("CHROMIUM"):
        if not Path(named).is_file():
            pytest.fail(f"CHROMIUM must name a browser, and {named} is no file", pytrace=False)
        return named
    found = [shutil.which(command) for command in COMMANDS]
    found += [path for path in APPLICATIONS if Path(path).is_file()]
    return next(filter(None, found), None)


@pytest.fixture(scope="session")
def chromium():
    """A running Chromium. Without one the tests are skipped, or fail where CI is set."""
    executable = find_chromium()
    if executable is None and os.environ.get("CI"):
        pytest.fail(NO_CHROMIUM, pytrace=False)
    if executable is None:
        pytest.skip(NO_CHROMIUM)
    # Chromium's sandbox refuses to run as root, which is what a container has.
    as_root = ["--no-sandbox"] if hasattr(os, "getuid") and os.getuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=FLAGS + as_root)
        yield browser
        browser.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Report all tests that miss Chromium as skipped in one place, so that one line says it."""
    report = yield
    if report.skipped and NO_CHROMIUM in str(report.longrepr):
        report.longrepr = (__file__, 1, f"Skipped: {NO_CHROMIUM}")
    return report


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    """Serves files without a line in the terminal for each."""

    def log_message(self, *args):
        pass


@pytest.fixture(scope="session")
def site(built_book) -> str:
    """Address of a web server on this machine that serves the book."""
    handler = functools.partial(QuietHandler, directory=built_book)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def is_local(url: str) -> bool:
    """Whether a request for this address stays on this machine."""
    parts = urlsplit(url)
    return parts.scheme in {"file", "data", "blob", "about"} or parts.hostname == "127.0.0.1"


@pytest.fixture
def open_page(chromium, built_book, site):
    """Function that opens a page of the book: ``open_page("book/intro.html", dark=True)``.

    It returns a Playwright page, loaded, its formulas set and its widgets shown. The page carries
    two lists that go on growing: ``page.refused_requests``, the addresses outside this machine
    that it asked for, and ``page.console_errors``. An absolute path opens any other file.
    """
    with contextlib.ExitStack() as stack:

        def open_page(path, *, width=1280, height=900, dark=False, scheme="file"):
            context = chromium.new_context(
                viewport={"width": width, "height": height},
                color_scheme="dark" if dark else "light",
                reduced_motion="reduce",
            )
            stack.callback(context.close)
            page = context.new_page()
            page.refused_requests = []
            page.console_errors = []

            def answer(route):
                if is_local(route.request.url):
                    route.continue_()
                else:
                    page.refused_requests.append(route.request.url)
                    route.abort()

            def refuse_socket(socket):
                page.refused_requests.append(socket.url)
                socket.close()

            context.route("**/*", answer)
            context.route_web_socket("**/*", refuse_socket)
            page.on(
                "console",
                lambda message: (
                    page.console_errors.append(message.text) if message.type == "error" else None
                ),
            )
            page.on("pageerror", lambda error: page.console_errors.append(str(error)))
            page.goto(address(path, scheme))
            page.evaluate(WHEN_TYPESET)
            page.wait_for_function(WIDGETS_SHOWN)
            return page

        def address(path, scheme):
            if Path(path).is_absolute():
                return Path(path).as_uri()
            if scheme == "http":
                return f"{site}/{path}"
            return (built_book / path).as_uri()

        yield open_page
