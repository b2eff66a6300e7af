import datetime as dt
import shutil

import pytest

from pumpurs_risk.batch.collect import collect
from pumpurs_risk.batch.previous import EarlierWork
from pumpurs_risk.catalogue import Catalogue
from pumpurs_risk.errors import RunError

AUTUMN, WINTER = dt.date(2026, 9, 15), dt.date(2027, 1, 15)


def tree(folder):
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def test_copies_under_any_name_go_to_their_school_and_missing_schools_are_named(handed_out, list_of, fill_in, copied):
    run = handed_out(schools=("liepas", "kalnu", "upes"), missing="x")
    one = copied(list_of(run, "liepas"), "Kopija (2) – galīgā.xlsx")
    two = copied(list_of(run, "kalnu"), "list.xlsx")
    fill_in(
        one,
        {
            ("list", "liepas:a", "decision"): "apstiprināts",
            ("questions", "liepas:a", "answer"): "jā",
            ("missing", "liepas:x", "outcome"): "nomira",
        },
    )
    done = collect(run, [one.parent])
    assert done.received == ("liepas", "kalnu")
    assert done.missing == ("upes",)
    assert not done.all_well
    assert not done.nothing
    assert tree(run.parent / "decisions") == [
        "or_2027-01-15/kalnu/list.xlsx",
        "or_2027-01-15/liepas/Kopija (2) – galīgā.xlsx",
    ]
    assert done.lines("lv") == [
        "Izglītības iestādes, kas atdevušas sarakstu uz 15.01.2027.: 2 no 3; nav saņemts: Upes skola.",
        "  Liepas skola: „Kopija (2) – galīgā.xlsx” saglabāts kā decisions/or_2027-01-15/liepas/Kopija (2) – galīgā.xlsx; "
        "lēmumi – 1, atbildes – 1, pievienotie – 0, ziņas par aizgājušajiem – 1",
        "  Kalnu skola: „list.xlsx” saglabāts kā decisions/or_2027-01-15/kalnu/list.xlsx; lēmumi – 0, atbildes – 0, "
        "pievienotie – 0, ziņas par aizgājušajiem – 0",
    ]
    work = EarlierWork.read([run], Catalogue.load(), WINTER)
    assert work.decisions[["pupil_id", "decision"]].to_numpy().tolist() == [["liepas:a", "confirmed"]]
    third = copied(list_of(run, "upes"), "upes.xlsx")
    again = collect(run, [third, two])
    assert again.all_well
    assert again.known == ("list.xlsx",)
    assert again.lines("en")[0] == "All schools have returned the list of 15 January 2027 (3 of 3)."


def test_nothing_is_overwritten_and_identical_copies_are_kept_once(handed_out, list_of, fill_in, copied, tmp_path):
    run = handed_out(schools=("liepas",))
    first = copied(list_of(run, "liepas"), "saraksts.xlsx")
    fill_in(first, {("list", "liepas:a", "decision"): "apstiprināts"})
    collect(run, [first])
    kept = run.parent / "decisions" / run.name / "liepas" / "saraksts.xlsx"
    before = kept.read_bytes()
    fill_in(first, {("list", "liepas:a", "decision"): "noraidīts"})
    twin = tmp_path / "mail" / "cits nosaukums.xlsx"
    shutil.copy(first, twin)
    done = collect(run, [first, twin])
    assert kept.read_bytes() == before
    assert tree(kept.parent) == ["saraksts.xlsx", "saraksts_2.xlsx"]
    assert done.known == ("cits nosaukums.xlsx",)
    assert not done.all_well
    [conflict] = done.work.conflicts.itertuples()
    assert conflict.used == "confirmed"
    [line] = [line for line in done.lines("lv") if "pretrunā" in line]
    assert "liepas/saraksts.xlsx" in line
    assert "liepas/saraksts_2.xlsx" in line


def test_a_list_filled_in_where_it_lies_counts_as_received(handed_out, list_of, fill_in, copied):
    run = handed_out()
    fill_in(list_of(run, "kalnu"), {("list", "kalnu:a", "decision"): "apstiprināts"})
    done = collect(run, [copied(list_of(run, "liepas"), "x.xlsx")])
    assert done.received == ("liepas", "kalnu")


def test_files_that_are_not_of_this_list_are_named_one_by_one(handed_out, list_of, copied, tmp_path):
    import xlsxwriter

    run, other = handed_out(), handed_out(AUTUMN, schools=("liepas",))
    twin = handed_out(name="or_2027-01-15_2")
    strange = handed_out(WINTER, schools=("svesa",), name="cits/or_2027-01-15")
    mail = tmp_path / "mail"
    old, rerun, alien = (
        copied(list_of(r, s), n)
        for r, s, n in ((other, "liepas", "a.xlsx"), (twin, "liepas", "b.xlsx"), (strange, "svesa", "c.xlsx"))
    )
    (mail / "d.xlsx").write_bytes(b"PK\x03\x04 damaged")
    (mail / "e.pdf").write_bytes(b"%PDF-1.4")
    with xlsxwriter.Workbook(str(mail / "f.xlsx")) as book:
        book.add_worksheet("Saraksts").write_string(0, 0, "apstiprināts")
    given = [old, rerun, alien, *(mail / name for name in ("d.xlsx", "e.pdf", "f.xlsx", "nav.xlsx"))]
    done = collect(run, given)
    assert done.nothing
    assert not (run.parent / "decisions").exists()
    said = dict(zip([a.file.rsplit("/")[-1] for a in done.aside], done.lines("en")[1:], strict=True))
    assert "or_2026-09-15 of 15 September 2026" in said["a.xlsx"]
    assert "or_2027-01-15_2" in said["b.xlsx"]
    assert "not in these lists" in said["c.xlsx"]
    assert list(said) == ["a.xlsx", "b.xlsx", "c.xlsx", "d.xlsx", "e.pdf", "f.xlsx", "nav.xlsx"]
    assert all(name in line for name, line in said.items())
    assert len(done.lines("lv")) == len(done.lines("en"))


def test_a_copy_that_is_still_open_is_taken_as_it_was_saved_and_named(handed_out, list_of, copied):
    run = handed_out(schools=("liepas",))
    copy = copied(list_of(run, "liepas"), "x.xlsx")
    copy.with_name("~$x.xlsx").write_bytes(b"lock")
    done = collect(run, [copy.parent])
    assert [kept.file for kept in done.kept] == ["x.xlsx"]
    assert [aside.code for aside in done.aside] == ["open"]
    assert not done.all_well


def test_a_renamed_run_still_knows_its_lists(handed_out, list_of, copied):
    run = handed_out(schools=("liepas",))
    copy = copied(list_of(run, "liepas"), "x.xlsx")
    moved = run.rename(run.with_name("pavasaris"))
    assert collect(moved, [copy]).all_well
    assert tree(moved.parent / "decisions") == ["pavasaris/liepas/x.xlsx"]


def test_what_is_inside_the_run_or_collected_already_is_not_copied_again(handed_out, list_of, copied):
    run = handed_out(schools=("liepas",))
    collect(run, [copied(list_of(run, "liepas"), "x.xlsx")])
    done = collect(run, [run, run.parent / "decisions"])
    assert not done.kept
    assert len(done.known) == 2
    assert tree(run.parent / "decisions") == ["or_2027-01-15/liepas/x.xlsx"]


def test_if_one_copy_cannot_be_written_none_is(handed_out, list_of, copied, monkeypatch):
    import pumpurs_risk.batch.collect as room

    run = handed_out()
    copies = [copied(list_of(run, school), f"{school}.xlsx") for school in ("liepas", "kalnu")]
    write, calls = room._write_anew, []

    def full(wanted, content):
        calls.append(wanted)
        if len(calls) == 2:
            raise OSError(28, "No space left on device")
        return write(wanted, content)

    monkeypatch.setattr(room, "_write_anew", full)
    with pytest.raises(RunError, match="No space left"):
        collect(run, copies)
    assert tree(run.parent / "decisions") == []


def test_cells_that_cannot_be_used_are_named_with_their_file(handed_out, list_of, fill_in, copied):
    run = handed_out(schools=("liepas",))
    copy = copied(list_of(run, "liepas"), "x.xlsx")
    fill_in(copy, {("list", "liepas:a", "decision"): "jāpadomā"})
    done = collect(run, [copy])
    assert not done.all_well
    [said] = [line for line in done.lines("lv") if "jāpadomā" in line]
    assert "decisions/or_2027-01-15/liepas/x.xlsx: lapa „Saraksts”" in said


def test_what_is_no_run_is_refused(tmp_path):
    with pytest.raises(RunError):
        collect(tmp_path, [tmp_path])


@pytest.mark.parametrize("lang", ["lv", "en"])
def test_the_command_says_by_its_exit_code_whether_all_is_there(handed_out, list_of, copied, lang):
    from click.testing import CliRunner

    from pumpurs_risk.cli.collecting import collect as command

    run = handed_out()
    copies = {school: str(copied(list_of(run, school), f"{school}.xlsx")) for school in ("liepas", "kalnu")}

    def call(*files):
        return CliRunner().invoke(command, [str(run), *files, "--lang", lang])

    nothing, some, everything = call(str(run / "run.json")), call(copies["liepas"]), call(copies["kalnu"])
    assert [said.exit_code for said in (nothing, some, everything)] == [2, 1, 0]
    assert "Kalnu skola" in some.output
    assert everything.output.count("\n") == 2
