"""Make the built pages light and complete: nothing from another host, nothing that is not used.

The theme and Jupyter Book stay as they are installed. This Sphinx extension works on what they
hand over (the list of a page's scripts and buttons) and on what they have written (the output
folder, after the build):

- MathJax comes from the Python package ``sphinx-mathjax-offline``, the needed files alone;
- the icons come from the theme's own Font Awesome fonts, cut down to the icons in use and put into
  the style sheet, instead of from a script of 1.5 MB;
- scripts for things that the book has not (live code through Thebe) and source maps are left out;
- the page header shows its links directly, one click each;
- small repairs to the theme's HTML for keyboard and screen reader.
"""

from __future__ import annotations

import base64
import importlib.util
import io
import logging
import re
import shutil
from pathlib import Path
from typing import Any

from fontTools import subset
from fontTools.ttLib import TTFont
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ExtensionError

MATHJAX = {
    "loader": {"load": ["input/tex", "output/chtml", "a11y/assistive-mml"]},
    "chtml": {"matchFontHeight": False, "scale": 1.08},
}
MATHJAX_FILES = (
    "startup.js",
    "core.js",
    "input/tex.js",
    "input/tex/extensions/*.js",
    "output/chtml.js",
    "output/chtml/fonts/tex.js",
    "output/chtml/fonts/woff-v2/*.woff",
    "a11y/assistive-mml.js",
)
NOT_USED = ("thebe", "THEBE")  # live code through a server
WITH_CLASS = {  # file -> start of the class that it serves
    "sphinx-design.min.css": "sd-",
    "design-tabs.js": "sd-tab",
    "startup.js": "math",  # MathJax
}
EVERYWHERE = ("source-repository-button", "fullscreen-button")  # the other buttons: notebooks only
FONT_AWESOME = {  # file in the theme's vendor folder -> family and weight in its style sheet
    "fa-solid-900.ttf": ("Font Awesome 6 Free", 900),
    "fa-regular-400.ttf": ("Font Awesome 6 Free", 400),
    "fa-brands-400.ttf": ("Font Awesome 6 Brands", 400),
}

ICON_FACE = re.compile(r"@font-face\{[^}]*webfonts/fa-[^}]*\}")
ICON_RULE = re.compile(r'(?:\.fa-[a-z0-9-]+:{1,2}before,?)+\{content:"[^"]*"\}')
ICON_TAG = re.compile(
    r'<script[^>]*fontawesome[^>]*></script>\s*|<link[^>]*as="font"[^>]*fontawesome[^>]*>\s*'
)


def use_mathjax_of_package(app: Sphinx, config: Config) -> None:
    """Point Sphinx at the MathJax that `copy_mathjax` puts into the book."""
    config.mathjax_path = "mathjax/startup.js"
    config.mathjax3_config = MATHJAX | (config.mathjax3_config or {})


def copy_mathjax(static: Path) -> None:
    """Copy what the pages need of MathJax: TeX in, HTML and assistive MathML out."""
    package = importlib.util.find_spec("sphinx-mathjax-offline")
    if package is None:
        raise ExtensionError("the package sphinx-mathjax-offline is missing: pip install it")
    source = Path(package.origin).parent / "static" / "mathjax"
    for pattern in MATHJAX_FILES:
        for file in source.glob(pattern):
            target = static / "mathjax" / file.relative_to(source)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)


def trim_context(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any
) -> None:
    """Drop the files that a page does not use and show the header's links without menus."""
    body = context.get("body", "")
    for kind in ("script_files", "css_files"):
        context[kind] = [file for file in context[kind] if _serves(file, body)]
    buttons = []
    for button in context.get("header_buttons", []):
        buttons += button["buttons"] if button["type"] == "group" else [button]
    notebook = context.get("page_source_suffix") == ".ipynb"
    context["header_buttons"] = [
        _plain(button)
        for button in buttons
        if (notebook or button.get("label") in EVERYWHERE) and button.get("text") != ".pdf"
    ]


def _serves(file: Any, body: str) -> bool:
    """Tell whether a style sheet or script does something for a page."""
    name = Path(str(file.filename or "")).name
    if any(word in name + str(file.attributes.get("body", "")) for word in NOT_USED):
        return False
    return name not in WITH_CLASS or f'class="{WITH_CLASS[name]}' in body


def _plain(button: dict[str, Any]) -> dict[str, Any]:
    if button.get("text") == "Colab":
        return button | {"icon": "fa-solid fa-play", "tooltip": "Open in Colab", "label": "colab"}
    if button.get("label") == "download-source-button":
        return button | {"icon": "fa-solid fa-download", "text": "", "tooltip": "Download notebook"}
    return button


def keep_used_icons(out: Path) -> None:
    """Put the icons in use into the theme's style sheet, as fonts of a few kilobytes."""
    static = out / "_static"
    solid = next(static.rglob("fa-solid-900.ttf"), None)
    if solid is None:  # done by an earlier build
        return
    sheets = {file: file.read_text(encoding="utf-8") for file in static.rglob("*.css")}
    sheet = next(file for file, css in sheets.items() if ICON_FACE.search(css))
    used = {"fa-xmark"}  # made by the theme's script
    for page in out.rglob("*.html"):
        used |= set(re.findall(r"\bfa-[a-z0-9-]+", page.read_text(encoding="utf-8")))

    def keep(rule: re.Match[str]) -> str:
        names = re.findall(r"\.(fa-[a-z0-9-]+):{1,2}before", rule[0])
        return rule[0] if used.intersection(names) else ""

    sheets[sheet] = ICON_FACE.sub("", ICON_RULE.sub(keep, sheets[sheet]))
    styles = "".join(sheets.values())
    codes = {int(code, 16) for code in re.findall(r"\\([ef][0-9a-f]{3})\b", styles)}
    codes |= {ord(char) for char in re.findall("[\ue000-\uf8ff]", styles)}  # written as they are
    for name, (family, weight) in FONT_AWESOME.items():
        data = _subset_font(solid.with_name(name), codes)
        if data:
            sheets[sheet] += (
                f'@font-face{{font-family:"{family}";font-weight:{weight};font-display:block;'
                f"src:url(data:font/woff;base64,{data})}}"
            )
    sheet.write_text(sheets[sheet], encoding="utf-8")
    shutil.rmtree(solid.parent)


def _subset_font(path: Path, codes: set[int]) -> str:
    """Return a font with these code points alone, as base64 of WOFF; empty if it has none."""
    logging.getLogger("fontTools").setLevel(logging.WARNING)
    font = TTFont(path)
    codes = codes & set(font.getBestCmap())
    if not codes:
        return ""
    options = subset.Options(layout_features=[], hinting=False, name_IDs=[0, 13, 14])
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=codes)
    subsetter.subset(font)
    font.flavor = "woff"
    file = io.BytesIO()
    font.save(file)
    return base64.b64encode(file.getvalue()).decode("ascii")


def finish(app: Sphinx, exception: Exception | None) -> None:
    """Trim the output folder when the pages have been written."""
    if exception is not None or app.builder.name != "html":
        return
    out = Path(app.outdir)
    static = out / "_static"
    for page in out.rglob("*.html"):
        html = page.read_text(encoding="utf-8")
        page.write_text(repair(html), encoding="utf-8")
    copy_mathjax(static)
    keep_used_icons(out)
    for pattern in ("**/*.map", "*thebe*", "scripts/fontawesome.js*", "vendor/fontawesome/*/js/*"):
        for file in static.glob(pattern):
            file.unlink()


def repair(html: str) -> str:
    """Return the page without the icon script and with the theme's accessibility slips mended."""
    html = ICON_TAG.sub("", html)
    html = html.replace('<div role="list" class="citation-list">', '<div class="citation-list">')
    html = html.replace(' role="doc-biblioentry"', "")
    now = 'matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light"'
    html = html.replace('getItem("theme") || "auto"', f'getItem("theme") || ({now})')  # no flash
    sidebar = '<div id="pst-primary-sidebar" '
    return html.replace(f"{sidebar}class", f'{sidebar}role="region" aria-label="Book" class')


def keep_initials(
    app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]
) -> None:
    """Keep reStructuredText from reading the author "A. Kanezaki" as item A of a list."""
    lines[:] = [re.sub(r"^(\s*)([A-Z]\. )", r"\1\\\2", line) for line in lines]


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect to Sphinx."""
    app.connect("config-inited", use_mathjax_of_package, priority=900)
    app.connect("autodoc-process-docstring", keep_initials)
    app.connect("html-page-context", trim_context, priority=900)
    app.connect("build-finished", finish, priority=900)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
