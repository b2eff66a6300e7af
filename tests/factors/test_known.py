"""Which rows were known on a day, and in which version."""

from pumpurs_risk.factors import known_records


def rows(made, table, some, as_of="2026-01-15", **options):
    with known_records(made.records(**{table: some}, engine="arrow"), as_of, made.catalogue) as (known,):
        return known.engine.leave(known.rows(table, **options)).to_pylist()


def test_what_happened_or_was_recorded_on_the_day_or_later_is_not_known(made):
    some = [
        made.absence("2026-01-14", lesson="1"),
        made.absence("2026-01-15", lesson="2"),
        made.absence("2025-10-01", lesson="3", recorded_on="2026-01-14"),
        made.absence("2025-10-01", lesson="4", recorded_on="2026-01-15"),
    ]
    assert sorted(row["lesson"] for row in rows(made, "absences", some)) == ["1", "3"]


def version(made, lesson, recorded_on, pupil_id="p", **more):
    return made.absence(lesson=lesson, record_id="r", recorded_on=recorded_on, pupil_id=pupil_id, **more)


def test_of_a_corrected_record_the_version_recorded_last_before_the_day_counts(made):
    some = [version(made, "1", "2025-10-02"), version(made, "2", "2025-10-09"), version(made, "3", "2026-01-15")]
    assert [row["lesson"] for row in rows(made, "absences", some)] == ["2"]
    assert [row["lesson"] for row in rows(made, "absences", some, as_of="2025-10-09")] == ["1"]


def test_a_correction_may_move_a_record_out_of_the_window(made):
    some = [version(made, "1", "2025-10-02"), version(made, "1", "2025-10-09", date="2024-10-01")]
    assert made.values(made.records(absences=some), "unexcused_raw") == 0


def test_a_version_without_a_day_of_recording_is_as_old_as_its_event(made):
    some = [version(made, "1", None), version(made, "2", "2025-10-02")]
    assert [row["lesson"] for row in rows(made, "absences", some)] == ["2"]


def test_of_two_versions_of_one_day_the_greatest_counts_whatever_their_order(made):
    some = [version(made, "1", "2025-10-02", status=name) for name in ("late", "absent_open")]
    for order in (some, some[::-1]):
        assert [row["status"] for row in rows(made, "absences", order)] == ["late"]


def test_records_of_two_pupils_with_one_number_are_two_records(made):
    some = [version(made, "1", "2025-10-02"), version(made, "2", "2025-10-09", pupil_id="q")]
    assert len(rows(made, "absences", some)) == 2


def test_rows_without_a_number_stand_for_themselves(made):
    some = [made.absence(lesson=str(n), record_id=None) for n in range(3)] + [version(made, "9", "2025-10-02")]
    assert len(rows(made, "absences", some)) == 4


def test_only_the_columns_asked_for_come_in_their_order(made):
    (row,) = rows(made, "absences", [made.absence()], columns=["status", "pupil_id", "recorded_on"])
    assert list(row.items()) == [("status", "absent_unexcused"), ("pupil_id", "p"), ("recorded_on", None)]


def test_an_absent_table_has_no_rows_and_all_columns(made):
    with known_records(made.records(engine="arrow"), made.day, made.catalogue) as (known,):
        assert not known.has("marks")
        found = known.engine.leave(known.rows("marks"))
    assert len(found) == 0 and found.column_names[:3] == ["pupil_id", "subject", "date"]


def test_absences_of_the_window_tell_lessons_and_semester(made):
    some = [made.absence("2025-10-01", lessons_missed=2.5, subject="Sports"), made.absence("2026-01-14")]
    with known_records(made.records(absences=some, engine="arrow"), made.day, made.catalogue) as (known,):
        (row,) = known.engine.leave(known.absences).to_pylist()
    row["date"] = str(row["date"])
    assert row == {
        "pupil_id": "p",
        "date": "2025-10-01",
        "subject": "Sports",
        "missed": 2.5,
        "unexcused": 2.5,
        "open": 0,
        "late": 0,
        "semester": "2025/2026-1",
    }
