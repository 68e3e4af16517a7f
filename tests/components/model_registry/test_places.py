"""Where a registered version lies, wherever its work folder is now."""

import pathlib

import pytest

from components.model_registry.places import OutsideError, located, relative_place


@pytest.mark.parametrize("folder", ["gs://bucket/work", "memory://work", "/srv/work"])
@pytest.mark.parametrize(
    "place",
    [
        "serving/shop/7",
        "{folder}/serving/shop/7",
        "/first/folder/serving/shop/7",
        "gs://b/serving/shop/7",
    ],
)
def test_a_place_is_below_the_folder_of_the_registry(folder: str, place: str) -> None:
    registry = f"{folder}/registry.json"
    place = place.format(folder=folder)
    assert located(registry, place) == f"{folder}/serving/shop/7"
    assert relative_place(registry, place) == "serving/shop/7"


@pytest.mark.parametrize(
    "place",
    ["/elsewhere/7", "../other/serving/shop/7", "serving/../../other/7", "gs://bucket/models/7"],
)
def test_what_lies_outside_is_refused(place: str) -> None:
    with pytest.raises(OutsideError, match=r"lies outside of /srv/work.*copy it to /srv/work/serv"):
        located("/srv/work/registry.json", place)


def test_a_link_out_of_the_folder_is_refused(tmp_path: pathlib.Path) -> None:
    production, copy = tmp_path / "production", tmp_path / "copy"
    (production / "serving" / "shop" / "7").mkdir(parents=True)
    copy.mkdir()
    (copy / "serving").symlink_to(production / "serving")
    with pytest.raises(OutsideError, match=rf"leads to {production}.*outside of {copy}"):
        located(copy / "registry.json", "serving/shop/7")


def test_a_work_folder_may_be_a_link_itself(tmp_path: pathlib.Path) -> None:
    (tmp_path / "disk" / "serving" / "shop" / "7").mkdir(parents=True)
    (tmp_path / "work").symlink_to(tmp_path / "disk")
    by_link = tmp_path / "work" / "registry.json"
    assert located(by_link, "serving/shop/7") == f"{tmp_path}/work/serving/shop/7"
    # Runs write to where the link leads.
    assert relative_place(by_link, f"{tmp_path}/disk/serving/shop/7") == "serving/shop/7"


def test_a_relative_registry_is_one_of_this_folder(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert located("work/registry.json", "serving/shop/7") == f"{tmp_path}/work/serving/shop/7"
