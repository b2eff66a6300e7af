from __future__ import annotations

import copy
import pickle
from pathlib import Path

import msgspec
import pytest

from pumpurs_risk.catalogue import Catalogue, RiskFactor, SupportMeasure
from pumpurs_risk.errors import CatalogueError


def test_the_four_official_risk_groups_are_there(catalogue: Catalogue) -> None:
    assert list(catalogue.groups) == ["learning_school", "economic", "family", "social_health"]


def test_every_entry_carries_its_id(catalogue: Catalogue) -> None:
    for table in ("factors", "constructs", "groups", "measures", "roles", "partners", "signals", "work_limits"):
        entries = getattr(catalogue, table)
        assert entries
        assert all(entry.id == name for name, entry in entries.items())


def test_context_lists_the_columns_of_the_factor_table_in_order(catalogue: Catalogue) -> None:
    assert catalogue.context == (
        "school_id",
        "class_id",
        "level",
        "programme",
        "age",
        "first_year",
        "days_known",
        "semester",
        "unexcused_raw",
        "unexcused_semester",
        "open_raw",
    )


def test_context_says_which_of_its_columns_are_text(catalogue: Catalogue) -> None:
    texts = [name for name, column in catalogue.context_columns.items() if column.kind == "text"]
    assert texts == ["school_id", "class_id", "programme", "semester", "unexcused_semester"]


def test_a_users_file_adds_a_factor_at_the_end(catalogue: Catalogue, own_factor: str, tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text(own_factor, encoding="utf-8")
    for extended in (Catalogue.load(path), catalogue.extend(path), catalogue.extend(str(path))):
        assert list(extended.factors) == [*catalogue.factors, "phone_use"]
        assert extended.factors["phone_use"].contrast is None
        assert "phone_use" in extended.measures["parents_meeting"].answers
    assert "phone_use" not in catalogue.factors


def test_a_file_with_a_byte_order_mark_and_windows_line_ends_is_read(own_factor: str, tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_bytes(b"\xef\xbb\xbf" + own_factor.replace("\n", "\r\n").encode())
    assert "phone_use" in Catalogue.load(path).factors


def test_a_partial_entry_changes_only_what_it_names(catalogue: Catalogue) -> None:
    extended = catalogue.extend(
        {
            "factors": {
                "motivation": {"prior_share": 0.8, "name": {"en": "low motivation"}},
                "teacher_concern": {"prior_share": 0.2},
            }
        }
    )
    before, after = catalogue.factors["motivation"], extended.factors["motivation"]
    assert after.prior_share == 0.8
    assert after.name == {"lv": before.name["lv"], "en": "low motivation"}
    assert msgspec.structs.replace(after, prior_share=before.prior_share, name=before.name) == before


def test_another_way_of_being_spread_replaces_the_old_one(catalogue: Catalogue) -> None:
    quantiles = {"quantiles": [0, 0, 0, 1, 2], "source": "our own pupils 2025"}
    extended = catalogue.extend({"factors": {"failing_subjects": {"typical": quantiles}}})
    assert extended.factors["failing_subjects"].typical.shares is None
    assert extended.factors["failing_subjects"].typical.quantiles == (0, 0, 0, 1, 2)


def test_a_sentence_is_overridden_in_one_language_only(catalogue: Catalogue) -> None:
    change = {"factors": {"lateness": {"sentences": {"lv": {"unknown": "Nav ziņu par kavējumiem."}}}}}
    sentences = catalogue.extend(change).factors["lateness"].sentences
    assert sentences["lv"].unknown == "Nav ziņu par kavējumiem."
    assert sentences["lv"].risk == catalogue.factors["lateness"].sentences["lv"].risk
    assert sentences["en"] == catalogue.factors["lateness"].sentences["en"]


def test_entries_made_in_python_extend_the_catalogue(catalogue: Catalogue) -> None:
    factor = msgspec.structs.replace(
        catalogue.factors["lateness"],
        id="phone_use",
        prior_share=0,
        contrast=None,
        heading={"lv": "Telefons", "en": "Phone"},
        aliases=(),
    )
    measure = SupportMeasure(
        id="phone_box",
        name={"lv": "telefonu kaste", "en": "phone box"},
        step={"lv": "Vienoties par telefonu kasti", "en": "Agree on a phone box"},
        role="class_teacher",
        evidence="practice",
        evidence_source="own judgement",
        answers=("phone_use",),
    )
    extended = catalogue.extend(factor, measure)
    assert isinstance(extended.factors["phone_use"], RiskFactor)
    assert extended.factors["phone_use"] == factor
    assert extended.measures["phone_box"] == measure


def test_an_entry_made_in_python_takes_the_place_of_the_old_one(catalogue: Catalogue) -> None:
    plain = msgspec.structs.replace(catalogue.factors["violence"], revealing_words={}, aliases=())
    assert catalogue.extend(plain).factors["violence"] == plain


def test_what_is_no_entry_is_refused(catalogue: Catalogue) -> None:
    with pytest.raises(TypeError, match="extended with paths"):
        catalogue.extend(catalogue.programme)
    with pytest.raises(ValueError, match="needs an id"):
        catalogue.extend(msgspec.structs.replace(catalogue.factors["lateness"], id=""))


def test_a_subset_keeps_the_catalogues_order_and_only_its_constructs(catalogue: Catalogue) -> None:
    some = catalogue.subset(["mean_mark", "absence_share"])
    assert list(some.factors) == ["absence_share", "mean_mark"]
    assert list(some.constructs) == ["attendance", "grades"]
    assert some.factors["mean_mark"] == catalogue.factors["mean_mark"]
    assert len(catalogue.factors) > 2


def test_a_subset_stays_one_when_it_is_extended(catalogue: Catalogue, own_factor: str, tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text(own_factor, encoding="utf-8")
    change = {"factors": {"lateness": {"decimals": 2}}}
    some = catalogue.subset(["absence_share"]).extend(path, change)
    assert list(some.factors) == ["absence_share", "phone_use"]


def test_a_subset_names_the_nearest_factor_when_one_is_misspelt(catalogue: Catalogue) -> None:
    with pytest.raises(CatalogueError, match=r'There is no factor "motivaton".*the nearest are: motivation\.'):
        catalogue.subset(["motivaton"])


def test_a_catalogue_cannot_be_changed(catalogue: Catalogue) -> None:
    with pytest.raises(TypeError):
        catalogue.factors["x"] = catalogue.factors["lateness"]  # type: ignore[index]
    with pytest.raises(AttributeError, match="immutable"):
        catalogue.factors = {}  # type: ignore[misc]
    with pytest.raises(AttributeError):
        catalogue.factors["lateness"].prior_share = 1
    with pytest.raises(AttributeError, match="immutable"):
        del catalogue.factors


def test_a_catalogue_survives_pickling_and_copying(catalogue: Catalogue) -> None:
    some = catalogue.subset(["lateness"])
    for other in (pickle.loads(pickle.dumps(some)), copy.deepcopy(some)):
        assert dict(other.factors) == dict(some.factors)
        assert dict(other.measures) == dict(some.measures)
        assert other.programme == some.programme
        assert other.calendar.semester_of("2026-01-15") == "2025/2026-2"


def test_the_printed_table_names_groups_and_every_factor(catalogue: Catalogue) -> None:
    printed = str(catalogue)
    assert printed.startswith(f"Catalogue: {len(catalogue.factors)} factors in ")
    for entries in (catalogue.factors, catalogue.groups):
        for entry in entries.values():
            assert entry.name["en"] in printed
    latvian = catalogue.as_text("lv")
    assert catalogue.groups["family"].name["lv"] in latvian
    assert "45\u00a0%" in latvian
    assert max(map(len, printed.splitlines())) < 200


def test_the_notebook_table_escapes_its_words(catalogue: Catalogue) -> None:
    change = {"factors": {"lateness": {"name": {"en": "late <script>"}}}}
    page = catalogue.extend(change)._repr_html_()
    assert page.count("<tr>") >= len(catalogue.factors)
    assert "late &lt;script&gt;" in page
    assert "<script>" not in page


def test_the_frame_has_one_row_per_factor_in_order(catalogue: Catalogue) -> None:
    frame = catalogue.to_frame("en")
    assert frame["id"].tolist() == list(catalogue.factors)
    row = frame.set_index("id").loc["paid_work_hours"]
    assert row["largest"] == catalogue.factors["paid_work_hours"].range[1]
    assert row["measures"].startswith("consultations with the social pedagogue")


def test_the_successor_programme_says_that_its_form_was_not_found() -> None:
    successor = Catalogue.load(programme="skola-kopiena").programme
    assert successor.title["lv"] == "Skola – kopienā"
    assert not successor.form_known
    assert "neizdevās atrast" in successor.note["lv"]
    assert successor.mentor_min_age == 13


def test_a_municipality_may_bring_its_own_programme(tmp_path: Path) -> None:
    shipped = Path(__import__("pumpurs_risk.catalogue").catalogue.__file__).parent / "programmes" / "pumpurs.toml"
    own = tmp_path / "ours.toml"
    own.write_text(shipped.read_text("utf-8").replace("mentor_min_age = 13", "mentor_min_age = 14"), "utf-8")
    assert Catalogue.load(programme=own).programme.mentor_min_age == 14
    assert Catalogue.load(programme=str(own)).programme.mentor_min_age == 14


def test_an_unknown_programme_is_named_with_those_that_exist() -> None:
    with pytest.raises(CatalogueError, match=r'no support programme "pumpur"; choose one of pumpurs, skola-kopiena'):
        Catalogue.load(programme="pumpur")


def test_the_programmes_own_words_are_complete(catalogue: Catalogue) -> None:
    programme = catalogue.programme
    assert [status.name["lv"] for status in programme.statuses] == [
        "Projekts",
        "Saskaņošanā",
        "Apstiprināts",
        "Īstenošanā",
        "Pārskatīšanā",
        "Apturēts",
        "Neaktīvs",
    ]
    assert programme.scope == {"general": (5, 12), "evening": (7, 12), "vocational": (1, 4)}
    assert programme.learner["general"]["lv"].dative == "skolēnam"
    assert programme.learner["vocational"]["lv"].accusative == "audzēkni"
    assert "coordinator" not in programme.approval["vocational"]
    assert "parakstīts iesniegums" in programme.application["lv"]
