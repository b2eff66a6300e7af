"""A file before it leaves the house: what cannot be told apart stays here, and is said."""

import pandas as pd

from pumpurs_risk.batch.pseudonymise import pseudonymise_file

TEXT = (
    "Vārds, uzvārds;Klase;Piezīmes\nAnna Ozola;9.a;māsa 150309-21234\nJānis Kalns;9.a;\nJānis Kalns;9.b;32123456789\n"
)


def test_rows_with_ambiguous_names_are_left_out_and_named(tmp_path):
    (tmp_path / "x.csv").write_text(TEXT, encoding="utf-8")
    done = pseudonymise_file(tmp_path / "x.csv", tmp_path / "y.csv", tmp_path / "k.key.json")
    assert (done.rows, done.ambiguous_rows, done.codes) == (1, (3, 4), 2)
    out = pd.read_csv(tmp_path / "y.csv", sep=";", dtype=str, encoding="utf-8-sig")
    assert out["Identifikators"].str.startswith("P-").tolist() == [True]
