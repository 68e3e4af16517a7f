"""What a module depends on is found in its source, and only its code counts."""

import pytest

from common.source_imports import bare_code, files_digest, imported_files

FILES = {
    "shop/__init__.py": "",
    "shop/prices.py": (
        '"""Prices."""\nimport numpy\nfrom shop.money import coins\nfrom . import taxes\n'
    ),
    "shop/money/__init__.py": "from shop.money.notes import ten\n",
    "shop/money/coins.py": "ONE = 1\n",
    "shop/money/notes.py": "ten = 10\n",
    "shop/taxes.py": "def due():\n    import shop.law.book as book\n    return book\n",
    "shop/law/__init__.py": "",
    "shop/law/book.py": "from ..hidden import fines\n",
    "shop/hidden.py": "from shop.prices import x\nfines = 3\n",
    "shop/unused.py": "import shop.prices\n",
}


@pytest.fixture
def root(tmp_path):
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def anything(module):
    return True


def digest(root):
    return files_digest(imported_files(["shop.prices"], anything, root))


def test_imports_are_followed_in_all_their_forms(root):
    found = imported_files(["shop.prices"], anything, root)
    assert list(found) == [
        "shop",
        "shop.hidden",
        "shop.law",
        "shop.law.book",
        "shop.money",
        "shop.money.coins",
        "shop.money.notes",
        "shop.prices",
        "shop.taxes",
    ]
    assert found["shop.money"] == root / "shop" / "money" / "__init__.py"


def test_what_does_not_count_is_not_looked_through(root):
    found = imported_files(["shop.prices"], lambda module: module != "shop.taxes", root)
    assert list(found) == [
        "shop",
        "shop.money",
        "shop.money.coins",
        "shop.money.notes",
        "shop.prices",
    ]


@pytest.mark.parametrize("name", sorted(FILES))
def test_the_digest_changes_with_the_code_of_what_is_imported(root, name):
    before = digest(root)
    with (root / name).open("a") as file:
        file.write("MORE = 1\n")
    assert (digest(root) == before) == (name == "shop/unused.py")


@pytest.mark.parametrize("name", sorted(FILES))
def test_comments_and_docstrings_do_not_change_it(root, name):
    before = digest(root)
    path = root / name
    text = path.read_text().removeprefix('"""Prices."""\n')
    path.write_text(f'"""Another docstring."""\n\n# Why.\n{text}')
    assert digest(root) == before


def test_bare_code_keeps_every_character_of_code():
    source = '''"""Module: "x" # no comment."""

import os  # why

LIMIT = 3
"""A constant's docstring, with ä before `code`."""; NEXT = "# a text"


class Bin:
    """Über."""

    size = 1  # Größe

    def fill(self):
        """Two
        lines."""
        text = """kept
        # kept too"""
        return text
'''
    assert (
        bare_code(source)
        == '''import os
LIMIT = 3
{}; NEXT = "# a text"
class Bin:
    size = 1
    def fill(self):
        text = """kept
        # kept too"""
        return text'''.replace("{}", " " * 51)
    )


def test_a_form_feed_ends_no_line():
    source = 'A = 1\n\f\nB = 2  # why\n\n\ndef f():\n    """Doc."""\n    return 3\n'
    assert bare_code(source) == "A = 1\nB = 2\ndef f():\n    return 3"
