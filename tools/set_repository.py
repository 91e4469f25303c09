"""Set the address of the repository: ``make repository URL=https://github.com/me/fork``.

The address stands in one place, ``pyproject.toml``. Whatever else names it follows it: badges,
buttons, the citation and the set-up cell of each notebook. This rewrites them all, or none.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLLOWERS = (
    "pyproject.toml",
    "_config.yml",
    "README.md",
    "CITATION.cff",
    "CONTRIBUTING.md",
    "_ext/*.py",
    "book/*.md",
    "book/*.ipynb",
)
REPOSITORY = re.compile(r'^Repository = "(?P<address>[^"]*)"$', re.MULTILINE)
ADDRESS = re.compile(r"https://github\.com/(?P<owner>[A-Za-z0-9-]+)/(?P<name>[A-Za-z0-9._-]+)")


def parse_address(address: str) -> tuple[str, str]:
    """Take the owner and the name out of the address of a GitHub repository.

    Parameters
    ----------
    address : str
        ``https://github.com/owner/name``, also with ``.git`` or a slash at its end.

    Returns
    -------
    tuple of str
        Owner and name.

    Raises
    ------
    ValueError
        If it is another address; Colab opens notebooks from GitHub alone.
    """
    match = ADDRESS.fullmatch(address.strip().removesuffix("/").removesuffix(".git"))
    if match is None:
        raise ValueError(
            f"URL must be like https://github.com/owner/name, got {address.strip() or 'nothing'}"
        )
    return match["owner"], match["name"]


def current_address(root: Path) -> str:
    """Read the address where it is kept.

    Parameters
    ----------
    root : Path
        Folder of the project.

    Returns
    -------
    str
        The address in ``pyproject.toml``.

    Raises
    ------
    ValueError
        If it is not there.
    """
    match = REPOSITORY.search((root / "pyproject.toml").read_text(encoding="utf-8"))
    if match is None:
        raise ValueError('pyproject.toml must hold one line Repository = "https://github.com/…"')
    return match["address"]


def replace_address(text: str, old: tuple[str, str], new: tuple[str, str]) -> str:
    """Rewrite every address made of owner and name: of GitHub, Colab, raw files and Pages.

    Parameters
    ----------
    text : str
        Any text.
    old, new : tuple of str
        Owner and name, before and after.

    Returns
    -------
    str
        The text with its addresses rewritten, all in one pass.
    """
    owner, name = map(re.escape, old)
    after = r"(?![A-Za-z0-9_-]|\.(?!git\b|zip\b)[A-Za-z0-9_-])"
    paths = rf"(?P<before>github\.com/|/github/|/gh/|githubusercontent\.com/){owner}/{name}{after}"
    pages = rf"{owner.lower()}\.github\.io/{name}{after}"

    def rewrite(match: re.Match[str]) -> str:
        if match["before"]:
            return f"{match['before']}{new[0]}/{new[1]}"
        return f"{new[0].lower()}.github.io/{new[1]}"

    return re.sub(f"{paths}|{pages}", rewrite, text)


def set_repository(address: str, root: Path = ROOT) -> list[Path]:
    """Write the address into every file that names it.

    Parameters
    ----------
    address : str
        Address of a GitHub repository.
    root : Path
        Folder of the project.

    Returns
    -------
    list of Path
        The files that were changed.

    Raises
    ------
    ValueError
        If the address is none of a GitHub repository. Then nothing is changed.
    """
    new = parse_address(address)
    old = parse_address(current_address(root))
    before = {
        path: path.read_bytes() for pattern in FOLLOWERS for path in sorted(root.glob(pattern))
    }
    after = {path: replace_address(b.decode(), old, new).encode() for path, b in before.items()}
    changed = [path for path in before if after[path] != before[path]]
    try:
        for path in changed:
            path.write_bytes(after[path])
    except OSError:
        for path in changed:
            if path.read_bytes() != before[path]:
                path.write_bytes(before[path])
        raise
    return changed


def main(arguments: list[str]) -> int:
    """Set the repository to the one address given.

    Parameters
    ----------
    arguments : list of str
        The address.

    Returns
    -------
    int
        Exit status.
    """
    try:
        changed = set_repository(*arguments)
    except (OSError, TypeError, ValueError) as error:
        print(f"Nothing was changed: {error}", file=sys.stderr)
        return 1
    for path in changed:
        print(f"rewritten: {path}")
    print(f"The address of the repository is {current_address(ROOT)}, in {len(changed)} files.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
