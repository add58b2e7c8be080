"""The house's rules, and that what measures them would see them broken."""

from __future__ import annotations

import pytest

from tests.project.structure import (
    FEATURES,
    FOLDERS,
    ROOT,
    TOP,
    House,
    find_back_arrows,
    find_circles,
    main,
    read_commit,
    read_present,
)


@pytest.fixture(scope="module")
def present() -> House:
    return House(read_present())


def test_no_two_rooms_of_the_app_import_each_other(present):
    assert present.pairs == []


def test_no_import_runs_back_up(present):
    assert present.back_arrows == []
    assert present.against_the_order == []
    assert {*FEATURES, *TOP} <= {room.removeprefix("app/") for room in present.rooms}, "a room has another name now"


def test_imports_against_the_order_are_found():
    tree = {
        "app/web/http.py": "import app.toy.page",
        "app/toy/page.py": "import app.server\nimport app.state.schema",
        "app/state/schema.py": "",
        "app/server.py": "import app.toy.page\nimport app.web.http",
        "app/__init__.py": "import app.server",
    }
    against = [("app/toy/page.py", "app/server.py"), ("app/web/http.py", "app/toy/page.py")]
    assert House(tree).against_the_order == against


@pytest.mark.parametrize(
    "line",
    [
        "import app.web.low",
        "from app.web import low",
        "from app.web.low import name",
        "from ..web import low",
        "def later():\n    from app.web.low import name",
        "if TYPE_CHECKING:\n    import app.web.low as shorter",
    ],
)
def test_every_kind_of_import_is_an_arrow(line):
    house = House({"app/toy/high.py": line, "app/web/low.py": "", "app/web/__init__.py": ""})
    assert house.arrows == {("app/toy/high.py", "app/web/low.py")}
    assert dict(house.room_arrows) == {("app/toy", "app/web"): 1}


def test_what_a_package_hands_on_is_its_own_file():
    house = House({"app/toy.py": "from app.web import Name", "app/web/__init__.py": "class Name: ..."})
    assert house.arrows == {("app/toy.py", "app/web/__init__.py")}


def test_other_people_s_modules_are_no_arrows():
    assert not House({"app/toy.py": "import numpy, os.path\nfrom fastapi import FastAPI"}).arrows


def test_circles_are_found_and_told_apart():
    arrows = [("a", "b"), ("b", "c"), ("c", "a"), ("c", "d"), ("d", "e"), ("e", "d"), ("e", "f")]
    assert find_circles(arrows) == [["a", "b", "c"], ["d", "e"]]
    assert find_circles([("a", "b"), ("b", "c"), ("a", "c")]) == []
    assert find_circles([]) == []


def test_the_fewest_arrows_run_back_up_and_of_those_the_lightest():
    pair = {("toy", "web"): 9, ("web", "toy"): 2}
    assert find_back_arrows(pair) == [("web", "toy")]
    assert find_back_arrows({("web", "toy"): 9, ("toy", "web"): 2}) == [("toy", "web")]
    # One arrow ends both circles, however heavy it is.
    both = {("a", "b"): 50, ("b", "c"): 1, ("c", "a"): 1, ("b", "d"): 1, ("d", "a"): 1}
    assert find_back_arrows(both) == [("a", "b")]
    assert find_back_arrows({("a", "b"): 1, ("b", "c"): 1, ("a", "c"): 1}) == []


def test_a_room_stands_above_all_that_it_imports():
    house = House(
        {
            "app/__init__.py": "",
            "app/server.py": "import app.toy.page, app.web.http",
            "app/toy/page.py": "import app.web.http, app.web.cache",
            "app/web/cache.py": "",
            "app/web/http.py": "import app.encoding\ndef later():\n    import app.toy.page",
            "app/encoding.py": "",
        }
    )
    assert house.pairs == [("app/toy", "app/web")]
    assert len(house.back_arrows) == 1
    assert house.floors["app/encoding.py"] == 1 and house.floors["app/server.py"] == 4
    assert set(house.rooms) == {"app/encoding.py", "app/server.py", "app/toy", "app/web"}


@pytest.mark.parametrize(
    "line",
    [
        "isinstance(rule, LLQR)",
        "isinstance(rule, (Identity, Other))",
        "isinstance(rule, optimizers.SAM | None)",
        "issubclass(kind, NoProbe)",
        "type(rule) is LLQR",
    ],
)
def test_questions_for_a_class_are_counted(line):
    house = House({"app/a.py": line, "optimizers/b.py": line})
    assert house.class_tests("app") == 1 and house.class_tests("app", "optimizers") == 2


@pytest.mark.parametrize("line", ["isinstance(rule, Surface)", "LLQR()", "rule is None", "type(rule) is Surface"])
def test_other_questions_are_not(line):
    assert House({"app/a.py": line}).class_tests("app") == 0


def test_what_the_client_shares_is_counted():
    house = House(
        {
            "assets/core/a.js": "lab.Gate = class {};\nlab.by ??= (id) => 1;\nif (lab.Gate == 1) lab.other();\n",
            "assets/core/b.mjs": 'import { a } from "./a.js";\nexport { b } from "./b.js";\nimport "./c.js";\n',
        }
    )
    assert house.global_names == {"Gate", "by"}
    assert house.script_imports == 3


def test_a_commit_is_read_like_the_files_as_they_are():
    if not (ROOT / ".git").exists():
        pytest.skip("no commits here")
    kept, present = read_commit("HEAD"), read_present()
    assert "tests/project/structure.py" in present
    assert {path.split("/")[0] for path in kept} == {path.split("/")[0] for path in present} == set(FOLDERS)


def test_the_table_says_what_is_wrong(capsys, monkeypatch):
    tree = {"app/a.py": "import app.b.c", "app/b/c.py": "import app.a", "assets/x.js": "lab.X = 1;\n"}
    monkeypatch.setattr("tests.project.structure.read_present", lambda: tree)
    main([])
    printed = capsys.readouterr().out
    assert printed.startswith("| | now |\n|---|---|\n| circles of files | 1 |\n")
    assert "circle of files: app/a.py, app/b/c.py\n" in printed
    assert "import each other: app/a.py, app/b\n" in printed


def test_nobody_outside_the_optimizers_asks_for_a_class_and_the_library_has_no_circle_of_files():
    house = House(read_present())
    assert house.class_tests("app") == 0, "ask what a probe or preconditioner can: optimizers/capabilities.py"
    library = [circle for circle in find_circles(house.arrows) if circle[0].startswith(("geometry/", "optimizers/"))]
    assert library == []


def test_the_house_as_it_is_keeps_its_rules():
    """No circle of files; no two rooms of app that import each other; no import that runs back up."""
    house = House(read_present())
    assert find_circles(house.arrows) == []
    assert house.pairs == []
    assert house.back_arrows == []
