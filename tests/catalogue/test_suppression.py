"""What a reader who subtracts could find out, and what is not shown so that it cannot."""

import numpy as np
import pytest
from scipy.optimize import linprog

from pumpurs_risk.catalogue.suppression import FEWEST, hidden_groups, merged_kinds


def tables_of(school, programme):
    everybody = np.zeros(len(school), dtype=int)
    return {"all": everybody, "school_id": np.asarray(school), "programme": np.asarray(programme)}


def ones(tables):
    return np.zeros(len(tables["all"]), dtype=int)


def test_one_small_school_takes_the_next_smallest_with_it():
    tables = tables_of(np.repeat([0, 1, 2], [40, 9, 4]), np.zeros(53, dtype=int))
    assert hidden_groups(tables, ones(tables))["school_id"].tolist() == [False, True, True]


def test_two_small_schools_that_are_few_together_take_a_third():
    tables = tables_of(np.repeat([0, 1, 2, 3], [40, 9, 1, 2]), np.zeros(52, dtype=int))
    assert hidden_groups(tables, ones(tables))["school_id"].tolist() == [False, True, True, True]


def test_a_group_of_schools_does_not_give_away_the_small_ones_inside_it():
    # general: 9 in school 0, 1 and 2 in the next; vocational: 40 and 36
    tables = tables_of(np.repeat([0, 1, 2, 3, 4], [9, 1, 2, 40, 36]), np.repeat([0, 1], [12, 76]))
    hidden = hidden_groups(tables, ones(tables))
    if not hidden["programme"][0]:
        assert hidden["school_id"][:3].all()
    assert not hidden["all"][0]


def test_a_group_that_is_one_hidden_school_is_hidden_itself():
    # the school of 7 is hidden for the sake of the school of 3; as a programme of its own it would come back
    tables = tables_of(np.repeat([0, 1, 2, 3], [30, 28, 7, 3]), np.repeat([0, 1, 0], [58, 7, 3]))
    hidden = hidden_groups(tables, ones(tables))
    assert hidden["school_id"][3] and hidden["school_id"].sum() >= 2
    assert not (hidden["school_id"][2] and not hidden["programme"][1])


def test_a_total_of_few_is_hidden_with_everything_in_it():
    tables = tables_of([0, 0, 1], [0, 1, 1])
    assert all(hidden.all() for hidden in hidden_groups(tables, ones(tables)).values())


def test_large_counts_and_zeros_are_shown():
    tables = tables_of(np.repeat([0, 1], [20, 30]), np.repeat([1, 0], [20, 30]))
    kinds = np.repeat([0, 1], [20, 30])
    assert not any(hidden.any() for hidden in hidden_groups(tables, kinds).values())


@pytest.mark.parametrize(
    ("totals", "merged"),
    [
        ([6, 40, 7, 9], [False] * 4),
        ([3, 40, 0, 9], [True, False, False, True]),
        ([1, 2, 30, 0], [True, True, True, False]),
        ([3, 3, 30, 0], [True, True, False, False]),
        ([3, 0, 0, 0], None),
    ],
)
def test_kinds_that_are_few_in_all_are_shown_together_with_another_as_none(totals, merged):
    found = merged_kinds(totals)
    assert (None if found is None else found.tolist()) == merged


def bounds(equations, values, cell):
    """Least and most that a sum of atoms can be, by everything that is shown."""
    ends = []
    for sign in (1, -1):
        solved = linprog(sign * cell, A_eq=np.array(equations), b_eq=np.array(values), bounds=(0, None), method="highs")
        ends.append(np.inf if solved.status == 3 else sign * solved.fun)
    return ends


@pytest.mark.parametrize("seed", range(40))
def test_no_small_count_can_be_calculated_from_all_that_is_shown(seed):
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, 16, rng.integers(3, 8))
    school = np.repeat(np.arange(len(sizes)), sizes)
    programme = rng.integers(0, 3, len(sizes))[school]
    if seed % 2:  # one school has two programmes
        programme[school == 0] = rng.integers(0, 3, sizes[0])
    programme = np.unique(programme, return_inverse=True)[1]
    kinds = rng.choice(2, len(school), p=[0.7, 0.3])
    tables = tables_of(school, programme)
    hidden = hidden_groups(tables, kinds)
    atoms, atom = np.unique(np.stack([school, programme]), axis=1, return_inverse=True)
    n = atoms.shape[1]
    equations, values, secret = [], [], []
    for by, position in (("all", None), ("school_id", 0), ("programme", 1)):
        for group, out in enumerate(hidden[by]):
            inside = np.ones(n, dtype=bool) if position is None else atoms[position] == group
            for kind in range(2):
                cell = np.zeros(2 * n)
                cell[kind * n : (kind + 1) * n] = inside
                count = int((inside[atom.ravel()] & (kinds == kind)).sum())
                if out:
                    secret.append((count, cell))
                else:
                    equations.append(cell)
                    values.append(count)
                    assert not 0 < count < FEWEST
    for count, cell in secret if equations else ():
        low, high = bounds(equations, values, cell)
        assert high - low > 0.5 or not 0 < count < FEWEST
