"""Other packages' integrations, found in what installers leave on the path."""

from __future__ import annotations

import pytest

from mutagent.auto.entrypoints import find

GROUP = "[mutagent.integrations]\n"


def package(site, directory, text):
    path = site / directory
    path.mkdir(parents=True)
    (path / "entry_points.txt").write_bytes(text.encode() if isinstance(text, str) else text)


def found(*path):
    return [(entry.name, entry.value, entry.package) for entry in find(map(str, path)).values()]


@pytest.mark.parametrize("kind", ["dist-info", "egg-info"])
def test_an_installed_package_is_found(tmp_path, kind):
    package(tmp_path, f"acme_mutagent-0.1.{kind}", f"[console_scripts]\nx = y:z\n{GROUP}Acme = acme.spec:ACME\n")
    assert found(tmp_path) == [("acme", "acme.spec:ACME", "acme_mutagent 0.1")]


def test_the_first_on_the_path_wins(tmp_path):
    for number in ("1", "2"):
        package(tmp_path / number, f"acme-{number}.dist-info", f"{GROUP}acme = acme{number}:ACME")
    assert found(tmp_path / "2", tmp_path / "1") == [("acme", "acme2:ACME", "acme 2")]


@pytest.mark.parametrize(
    "text",
    [
        "",
        GROUP,
        "[other]\nacme = mutagent.integrations:x\n",
        f"{GROUP}acme\n= x",
        b"\xff[mutagent.integrations",
        "no ini",
    ],
)
def test_what_is_no_entry_point_is_passed_over(tmp_path, text):
    package(tmp_path, "acme-1.dist-info", text)
    package(tmp_path, "good-1.dist-info", f"{GROUP}good = good.spec:GOOD [extra]")
    assert found(tmp_path) == [("good", "good.spec:GOOD", "good 1")]


def test_what_is_no_directory_is_passed_over(tmp_path):
    (tmp_path / "some.zip").write_bytes(b"PK")
    (tmp_path / "empty-1.dist-info").mkdir()
    assert found(tmp_path / "some.zip", tmp_path / "absent", tmp_path) == []
