"""What must hold on every page of the built book, whatever it is about."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from bs4 import BeautifulSoup

MAX_PAGE_BYTES = 1_500_000
PHONE_WIDTH = 360
NOT_FETCHED = {"alternate", "author", "canonical", "license", "next", "prev", "search"}
CSS_ADDRESS = re.compile(r"""url\(\s*['"]?([^'")]+)|@import\s+['"]([^'"]+)""")
FILE_NAME = re.compile(r"\.(avif|gif|jpe?g|png|svg|webp)$", re.IGNORECASE)

WIDER_THAN_PAGE = """() => {
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= width) return [];
  const scrolls = (e) => e && e !== document.documentElement
    && (getComputedStyle(e).overflowX !== "visible" || scrolls(e.parentElement));
  return [...document.body.querySelectorAll("*")]
    .filter((e) => e.getBoundingClientRect().right > width + 1 && !scrolls(e))
    .map((e) => e.tagName.toLowerCase() + (e.id ? "#" + e.id : "")
      + [...e.classList].map((name) => "." + name).join("")
      + " reaches to " + Math.round(e.getBoundingClientRect().right) + " px")
    .concat(["the page is " + document.documentElement.scrollWidth + " px wide"])
    .slice(0, 5);
}"""
RAW_FORMULAS = """() => [...document.querySelectorAll(".math")]
    .filter((e) => !e.querySelector("mjx-container"))
    .map((e) => e.textContent.trim().slice(0, 60))"""


def parse(html: str) -> BeautifulSoup:
    return BeautifulSoup(html, "html.parser")


def pages_of(book: Path) -> list[str]:
    """Every page of the book, and not the empty one that only sends on to the first."""
    pages = sorted(book.rglob("*.html"))
    own = [page for page in pages if not page.relative_to(book).parts[0].startswith("_static")]
    names = [page.relative_to(book).as_posix() for page in own]
    assert "index.html" in names, f"the book in {book} has no index.html"
    return [name for name in names if not is_redirect(book / name)]


def is_redirect(page: Path) -> bool:
    return page.stat().st_size < 1000 and 'http-equiv="refresh"' in page.read_text().lower()


def told(problems: dict[str, list[str]]) -> str:
    """The problems of all pages, one in a line, after the name of its page."""
    lines = [f"{page}: {problem}" for page, found in problems.items() for problem in found]
    return "\n".join(["", *lines])


def check_each(pages: list[str], problems_of) -> None:
    problems = {page: problems_of(page) for page in pages}
    assert not any(problems.values()), told(problems)


@pytest.fixture(scope="session")
def pages(built_book) -> list[str]:
    return pages_of(built_book)


# Pictures have a text ---------------------------------------------------------------------------


def pictures_without_text(soup: BeautifulSoup) -> list[str]:
    """Pictures and figures that a screen reader could not name."""
    return [
        f"{problem}: {str(tag)[:160]}"
        for tag in soup.find_all(["img", "svg", "figure", "canvas"])
        if (problem := missing_text(tag))
    ]


def missing_text(tag) -> str:
    label = tag.get("aria-label", "").strip() or tag.get("aria-labelledby", "").strip()
    if tag.get("aria-hidden") == "true" or tag.find_parent(attrs={"aria-hidden": "true"}):
        return ""
    if tag.name == "img":
        alt = tag.get("alt", "").strip()
        if FILE_NAME.search(alt):
            return "the alt text is a file name"
        return "" if alt or is_decoration(tag) else "an image without alt text"
    if tag.name == "figure":
        pictures = tag.find_all(["img", "svg", "canvas", "figure", "table", "pre", "video"])
        return "" if label or pictures else "a figure with neither picture nor label"
    title = tag.find("title") if tag.name == "svg" else None
    if tag.get("role") == "img" and (label or (title and title.get_text().strip())):
        return ""
    return 'a drawing without role="img" and label'


def is_decoration(image) -> bool:
    """Whether the image says by ``alt=""`` that the link or button around it has its own words."""
    link = image.find_parent(["a", "button"])
    return image.get("alt") == "" and link is not None and bool(link.get_text().strip())


def test_every_picture_of_every_page_has_a_text(built_book, pages):
    def problems_of(page):
        return pictures_without_text(parse((built_book / page).read_text()))

    check_each(pages, problems_of)


@pytest.mark.parametrize(
    ("html", "problem"),
    [
        ('<img src="a.png">', "without alt"),
        ('<img src="a.png" alt="">', "without alt"),
        ('<a href="b.html"><img src="a.png" alt=""> </a>', "without alt"),
        ('<a href="b.html"><img src="a.png"> home</a>', "without alt"),
        ('<img src="a.png" alt="../_images/a.png">', "file name"),
        ('<svg role="img"><path/></svg>', "drawing"),
        ('<svg aria-label="a curve"></svg>', "drawing"),
        ('<canvas role="img"></canvas>', "drawing"),
        ("<figure><figcaption>Nothing above.</figcaption></figure>", "neither picture"),
    ],
)
def test_a_picture_without_text_is_caught(html, problem):
    (found,) = pictures_without_text(parse(html))
    assert problem in found


@pytest.mark.parametrize(
    "html",
    [
        '<figure><img src="a.png" alt="A starfish, in three labels"></figure>',
        '<a href="b.html"><img src="logo.svg" alt=""> home</a>',
        '<svg role="img" aria-label="Loss over 100 steps"></svg>',
        '<svg role="img"><title>Loss over 100 steps</title></svg>',
        '<button aria-label="Play"><svg aria-hidden="true"></svg></button>',
    ],
)
def test_a_picture_with_text_passes(html):
    assert pictures_without_text(parse(html)) == []


# Nothing is fetched from elsewhere --------------------------------------------------------------


def is_remote(address: str) -> bool:
    return urlsplit(address.strip()).scheme in {"http", "https"} or address.startswith("//")


def remote_addresses(soup: BeautifulSoup) -> list[str]:
    """Addresses on other hosts from which the page would fetch something by itself."""
    found = [tag["src"] for tag in soup.find_all(src=True)]
    found += [tag["data"] for tag in soup.find_all("object", data=True)]
    found += [tag["poster"] for tag in soup.find_all("video", poster=True)]
    for tag in soup.find_all(srcset=True):
        found += [part.split()[0] for part in tag["srcset"].split(",") if part.strip()]
    for tag in soup.find_all("link", href=True):
        if not NOT_FETCHED.issuperset(tag.get("rel", [])):
            found.append(tag["href"])
    for css in [*soup.find_all("style"), *soup.find_all(style=True)]:
        found += addresses_in_css(css.get("style") or css.get_text())
    return [f"fetches {address}" for address in found if is_remote(address)]


def addresses_in_css(css: str) -> list[str]:
    return [first or second for first, second in CSS_ADDRESS.findall(css)]


def test_no_page_names_another_host_to_fetch_from(built_book, pages):
    def problems_of(page):
        return remote_addresses(parse((built_book / page).read_text()))

    check_each(pages, problems_of)


def test_no_style_sheet_names_another_host_to_fetch_from(built_book):
    sheets = sorted(built_book.rglob("*.css"))
    assert sheets
    problems = {
        sheet.name: [a for a in addresses_in_css(sheet.read_text()) if is_remote(a)]
        for sheet in sheets
    }
    assert not any(problems.values()), told(problems)


@pytest.mark.parametrize(
    "html",
    [
        '<script src="https://cdn.example/require.js"></script>',
        '<link rel="stylesheet" href="//cdn.example/a.css">',
        '<link rel="preconnect" href="https://fonts.example">',
        '<img srcset="a.png 1x, https://img.example/b.png 2x" alt="b">',
        '<style>@import "https://fonts.example/a.css";</style>',
        '<p style="background: url(https://img.example/a.png)"></p>',
    ],
)
def test_an_address_on_another_host_is_caught(html):
    assert len(remote_addresses(parse(html))) == 1


def test_a_link_to_another_host_is_no_fetch():
    html = (
        '<a href="https://doi.example/10">paper</a><link rel="canonical" href="https://a.example">'
    )
    assert remote_addresses(parse(html)) == []


@pytest.mark.parametrize("scheme", ["file", "http"])
def test_every_page_loads_without_another_host_and_without_an_error(open_page, pages, scheme):
    def problems_of(name):
        page = open_page(name, scheme=scheme)
        refused = [f"asked for {address}" for address in page.refused_requests]
        errors = [f"console: {error}" for error in page.console_errors]
        page.context.close()
        return refused + errors

    check_each(pages, problems_of)


def test_the_browser_refuses_and_records_what_would_leave_this_machine(open_page, tmp_path):
    html = tmp_path / "page.html"
    html.write_text(
        "<!doctype html><title>t</title><img src='https://img.example/a.png' alt='a'>"
        "<script>new WebSocket('wss://socket.example/'); missing();</script>"
    )
    page = open_page(html)
    assert sorted(page.refused_requests) == [
        "https://img.example/a.png",
        "wss://socket.example/",
    ]
    assert any("missing is not defined" in error for error in page.console_errors)


# Weight, title, formulas ------------------------------------------------------------------------


def page_bytes(page: Path, soup: BeautifulSoup) -> int:
    """Bytes of the page and of the pictures beside it; the theme's own files are shared."""
    addresses = {tag["src"] for tag in soup.find_all("img", src=True)}
    local = {a for a in addresses if not is_remote(a) and not a.startswith("data:")}
    pictures = {(page.parent / unquote(urlsplit(a).path)).resolve() for a in local}
    own = [picture for picture in pictures if "_static" not in picture.parts]
    return page.stat().st_size + sum(picture.stat().st_size for picture in own)


def test_every_page_weighs_less_than_a_megabyte_and_a_half(built_book, pages):
    def problems_of(name):
        page = built_book / name
        size = page_bytes(page, parse(page.read_text()))
        return [f"{size:,} bytes"] if size >= MAX_PAGE_BYTES else []

    check_each(pages, problems_of)


def test_the_pictures_of_a_page_are_weighed_once_and_with_it(tmp_path):
    (tmp_path / "a b.png").write_bytes(b"x" * 1000)
    page = tmp_path / "page.html"
    page.write_text('<img src="a%20b.png" alt="a"><img src="a%20b.png" alt="again">')
    assert page_bytes(page, parse(page.read_text())) == 1000 + page.stat().st_size


def test_every_page_has_a_language_and_a_title(built_book, pages):
    def problems_of(page):
        soup = parse((built_book / page).read_text())
        title = soup.title.get_text().strip() if soup.title else ""
        named = bool(title) and not title.startswith(("—", "&#8212;", "<no title>"))
        return [f"title {title!r}"] * (not named) + ["no lang"] * (not soup.html.get("lang"))

    check_each(pages, problems_of)


def test_every_formula_of_every_page_is_typeset(open_page, built_book, pages):
    def problems_of(name):
        page = open_page(name)
        raw = [f"not typeset: {formula}" for formula in page.evaluate(RAW_FORMULAS)]
        page.context.close()
        return raw

    with_formulas = [p for p in pages if parse((built_book / p).read_text()).select(".math")]
    check_each(with_formulas, problems_of)


# Readable by everyone ---------------------------------------------------------------------------


def serious_violations(page, part: str | None = None) -> list[str]:
    """What axe-core (https://github.com/dequelabs/axe-core) calls serious or critical."""
    violations = Axe().run(page, context=part).response["violations"]
    return [
        f"{violation['id']} ({violation['impact']}): {violation['help']}: "
        + "; ".join(str(node["target"][0]) for node in violation["nodes"][:3])
        for violation in violations
        if violation["impact"] in {"serious", "critical"}
    ]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_no_page_has_a_serious_accessibility_violation(open_page, pages, dark):
    def problems_of(name):
        page = open_page(name, dark=dark)
        theme = page.evaluate("document.documentElement.dataset.theme")
        shown = [] if theme == ("dark" if dark else "light") else [f"shows the theme {theme}"]
        found = serious_violations(page)
        page.context.close()
        return shown + found

    check_each(pages, problems_of)


def test_a_serious_accessibility_violation_is_caught(open_page, tmp_path):
    html = tmp_path / "page.html"
    html.write_text("<!doctype html><html lang='en'><title>t</title><main><input></main></html>")
    assert any("label (critical)" in found for found in serious_violations(open_page(html)))


def test_no_page_is_wider_than_a_phone(open_page, pages):
    def problems_of(name):
        page = open_page(name, width=PHONE_WIDTH, height=740)
        wide = page.evaluate(WIDER_THAN_PAGE)
        page.context.close()
        return wide

    check_each(pages, problems_of)


def test_a_page_that_is_wider_than_a_phone_is_caught(open_page, tmp_path):
    html = tmp_path / "page.html"
    html.write_text("<!doctype html><title>t</title><pre id='wide' style='width: 500px'>x</pre>")
    found = open_page(html, width=PHONE_WIDTH).evaluate(WIDER_THAN_PAGE)
    assert any(problem.startswith("pre#wide") for problem in found), found
