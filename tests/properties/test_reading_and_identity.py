"""Laws of reading and of ids: no row is lost without a word, and no order matters."""

import csv
import io

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

from pumpurs_risk.errors import RecordsError
from pumpurs_risk.records.identity.key_file import KeyFile
from pumpurs_risk.records.reading.csv_reading import read_csv

CELLS = st.text(st.sampled_from(list("ab1ķŽ ;,|\t\"'\n-.")), max_size=6)


@given(
    st.lists(st.lists(CELLS, min_size=7, max_size=7), max_size=8),
    st.sampled_from(["utf-8", "utf-8-sig", "cp1257", "utf-16"]),
)
def test_what_a_csv_writer_wrote_comes_back_cell_by_cell_with_its_row_number(rows, encoding):
    rows = [[cell.strip("\n") or "x" for cell in row] for row in rows]
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=";", lineterminator="\r\n").writerows([list("abcdefg"), *rows])
    grid = read_csv(out.getvalue().encode(encoding), "a.csv")
    assert [column.to_pylist() for column in grid.columns] == [[row[place] for row in rows] for place in range(7)]
    assert grid.rows.tolist() == list(range(2, len(rows) + 2))


@given(
    st.lists(
        st.lists(st.sampled_from(["", "a", '"b;c"', '"d\ne"', 'f"']), min_size=1, max_size=5), min_size=1, max_size=12
    )
)
def test_every_row_is_read_or_named(rows):
    lines = [";".join(row) for row in rows]
    assume(lines[-1].strip())  # empty lines at the end of a file are no rows
    try:
        grid = read_csv(("a;b;c\n" + "\n".join(lines)).encode(), "a.csv")
    except RecordsError as error:
        assume(error.code != "csv_no_row_fits")
        raise
    named = [int(notice.detail) for notice in grid.notices if notice.code == "row_rejected_cells"]
    assert sorted([*grid.rows.tolist(), *named]) == list(range(2, len(rows) + 2))


PEOPLE = st.lists(
    st.tuples(
        st.sampled_from(["Jānis", "jānis ", "Anna"]),
        st.sampled_from(["", "2010", "2010-05-03", "2010-09-01", "2012"]),
        st.sampled_from(["", "9.a", "9.b"]),
        st.sampled_from(["x", "y"]),
    ),
    min_size=1,
    max_size=8,
)


@given(PEOPLE, PEOPLE, st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_no_id(before, people, chance):
    order = list(range(len(people)))
    chance.shuffle(order)
    found = []
    for rows in (people, [people[place] for place in order]):
        key = KeyFile("k", bytes(32))
        for group in (before, rows):
            names, births, classes, schools = map(list, zip(*group, strict=True))
            ids, ambiguous = key.names_to_ids(names, schools, births, classes)
        found.append((ids, ambiguous))
    (ids, ambiguous), (shuffled, shuffled_ambiguous) = found
    assert ids[order].tolist() == shuffled.tolist()
    assert ambiguous[order].tolist() == shuffled_ambiguous.tolist()
    assert np.array_equal(ids == "", ambiguous)


@given(PEOPLE)
def test_reading_the_same_rows_again_gives_the_same_ids(people):
    key = KeyFile("k", bytes(32))
    names, births, classes, schools = map(list, zip(*people, strict=True))
    ids, ambiguous = key.names_to_ids(names, schools, births, classes)
    again, ambiguous_again = key.names_to_ids(names, schools, births, classes)
    assert again[~ambiguous].tolist() == ids[~ambiguous].tolist()
    assert ambiguous_again.tolist() == ambiguous.tolist()
