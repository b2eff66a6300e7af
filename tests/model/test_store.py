import json
import re
import time
from pathlib import Path

import msgspec
import numpy as np
import pytest

from pumpurs_risk.errors import ModelFileError
from pumpurs_risk.model.additive import CovarianceBlock
from pumpurs_risk.model.store import load_model, model_bytes, model_schema, read_model
from pumpurs_risk.resources import resource


def resealed(data) -> bytes:
    """A file that someone changed and gave a new digest."""
    import hashlib

    empty = re.sub(rb'"digest": "[0-9a-f]{64}"', b'"digest": "' + b"0" * 64 + b'"', data, count=1)
    return empty.replace(b"0" * 64, hashlib.sha256(empty).hexdigest().encode(), 1)


def test_saving_and_loading_gives_the_same_model_and_the_same_bytes(model, tmp_path):
    model.save(tmp_path / "model.json")
    again = load_model(tmp_path)
    assert again == model
    assert model_bytes(again) == (tmp_path / "model.json").read_bytes()


def test_the_shipped_prior_is_written_again_byte_by_byte():
    shipped = resource("models", "literature-prior", "model.json").read_bytes()
    assert model_bytes(read_model(shipped)) == shipped


def test_every_flipped_byte_is_refused(model):
    written = model_bytes(model)
    rng = np.random.default_rng(0)
    for place in rng.choice(len(written), 300, replace=False):
        damaged = bytearray(written)
        damaged[place] ^= 1 << int(rng.integers(8))
        with pytest.raises(ModelFileError):
            read_model(bytes(damaged))


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_a_truncated_file_is_refused(model, share):
    written = model_bytes(model)
    with pytest.raises(ModelFileError):
        read_model(written[: int(share * len(written))])


def test_a_newer_version_is_named(model):
    newer = resealed(model_bytes(model).replace(b'"schema_version": 1', b'"schema_version": 2', 1))
    with pytest.raises(ModelFileError, match="version 2"):
        read_model(newer)


@pytest.mark.parametrize("number", [b"NaN", b"1e999", b"-Infinity", b'"0"', b"null"])
def test_numbers_that_are_none_are_refused(model, number):
    written = model_bytes(model)
    bad = resealed(re.sub(rb'"base": [-0-9.]+', b'"base": ' + number, written, count=1))
    with pytest.raises(ModelFileError, match="damaged"):
        read_model(bad)


def test_a_missing_shape_is_refused(model):
    data = json.loads(model_bytes(model))
    del data["model"]["shapes"][1]
    with pytest.raises(ModelFileError, match="features and its shapes differ"):
        read_model(resealed(json.dumps(data).encode()))


def test_an_unknown_field_is_refused(model):
    data = json.loads(model_bytes(model))
    data["model"]["__reduce__"] = "os.system"
    with pytest.raises(ModelFileError, match="damaged"):
        read_model(resealed(json.dumps(data).encode()))


def test_values_against_the_declared_direction_are_refused(model):
    data = json.loads(model_bytes(model))
    data["model"]["shapes"][0]["values"] = [0.4, -0.2, 1.0]
    with pytest.raises(ModelFileError, match="against its declared direction"):
        read_model(resealed(json.dumps(data).encode()))


@pytest.mark.parametrize(
    ("block", "why"),
    [
        (CovarianceBlock(start=6, matrix=((1.0, 0.0), (0.0, 1.0))), "coefficients"),
        (CovarianceBlock(start=0, matrix=((1.0, 0.5), (0.0, 1.0))), "symmetric"),
        (CovarianceBlock(start=0, matrix=((1.0, 2.0), (2.0, 1.0))), "positive"),
        (CovarianceBlock(start=0, matrix=((1.0, 2.0),)), "coefficients"),
    ],
)
def test_a_covariance_that_is_none_is_not_saved(make_model, block, why):
    with pytest.raises(ModelFileError, match=why):
        model_bytes(make_model(covariance=(block,)))


def test_a_number_that_is_not_finite_is_not_saved(make_model):
    with pytest.raises(ModelFileError, match=r"model\.base"):
        model_bytes(make_model(base=float("nan")))


def test_huge_and_deeply_nested_files_are_refused_quickly(tmp_path):
    started = time.process_time()
    for written in (b"[" * 5_000_000, b'{"a":' * 1_000_000, b'{"schema_version": 1, "model": ' + b"[" * 1_000_000):
        with pytest.raises(ModelFileError):
            read_model(written)
    huge = tmp_path / "model.json"
    with huge.open("wb") as handle:
        handle.truncate(10_000_000_000)
    with pytest.raises(ModelFileError, match="larger than"):
        load_model(huge)
    assert time.process_time() - started < 30  # a bound against hanging, not a timing


def test_a_model_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ModelFileError, match="no model"):
        load_model(tmp_path / "nothing.json")
    with pytest.raises(ModelFileError, match="no model"):
        load_model("../../nowhere/at-all")
    with pytest.raises(ModelFileError):
        load_model("m" * 3000)


def test_the_published_schema_is_the_one_that_is_read():
    published = json.loads(resource("data_schema", "model.json").read_text(encoding="utf-8"))
    assert published == json.loads(msgspec.json.encode(model_schema()))


def test_a_saved_model_fits_the_published_schema(model):
    import jsonschema

    jsonschema.validate(json.loads(model_bytes(model)), model_schema())


def test_a_file_of_the_first_version_is_read_and_scores_as_it_did(whole):
    import pandas as pd

    golden = Path(__file__).parents[1] / "golden" / "model_1.json"
    model = load_model(golden)
    assert model == whole
    X = pd.DataFrame(
        {
            "absence": [0.05, 0.4, None],
            "mark": [8.0, 4.0, None],
            "programme_level": ["general-9", "vocational-1", None],
            "school_id": ["a", "o'b", None],
        }
    )
    assert model.log_odds(X) == pytest.approx([-4.591820298110626, -0.391820298110626, -3.841820298110627], abs=1e-12)
    assert model.risk(X, "2y") == pytest.approx([0.020271613273159, 0.430930969916251, 0.04], abs=1e-12)
    assert model.sd(X) == pytest.approx([0.7262536864172973, 1.1344750499331193, 1.0675504044406480], abs=1e-12)


@pytest.mark.parametrize("as_folder", [False, True])
def test_a_summary_is_no_model_and_the_error_says_what_to_do_with_it(tmp_path, as_folder):
    path = tmp_path / "summary.json"
    path.write_text('{"schema_version": 1, "digest": "' + "0" * 64 + '", "summary": {"name": "x"}}')
    with pytest.raises(ModelFileError) as caught:
        load_model(tmp_path if as_folder else path)
    assert caught.value.code == "model_is_summary"
    assert all("pumpurs-risk pool" in caught.value.message(lang) for lang in ("lv", "en"))
