"""Models to a file and back: same numbers, whole files, and nothing that runs."""

import json

import pytest

import customer_value as cv


@pytest.fixture
def model():
    return cv.clv.BGNBD.from_params(r=0.243, alpha=4.414, a=0.793, b=2.426, time_unit="week")


def test_several_models_keep_their_names(model, cdnow_summary, tmp_path):
    spend = cv.clv.GammaGamma(first_purchase="include").fit(cdnow_summary[cdnow_summary["total_value"] > 0])
    cv.save_models(tmp_path / "m.json", purchases=model, spend=spend)
    loaded = cv.load_models(tmp_path / "m.json")
    assert list(loaded) == ["purchases", "spend"]
    assert loaded["spend"].first_purchase == "include"
    assert loaded["spend"].params_ == spend.params_
    assert loaded["purchases"].time_unit_ == "week"
    assert json.loads((tmp_path / "m.json").read_text())["schema"] == 1


def test_a_failed_save_leaves_the_old_file(model, tmp_path):
    path = tmp_path / "m.json"
    cv.save_models(path, purchases=model)
    before = path.read_bytes()
    with pytest.raises(cv.NotFittedError):
        cv.save_models(path, purchases=model, spend=cv.clv.GammaGamma())
    with pytest.raises(cv.InputError, match="other is a dict"):
        cv.save_models(path, purchases=model, other={})
    with pytest.raises(cv.InputError, match="by name"):
        cv.save_models(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    "text",
    [
        "not json",
        "[]",
        '{"schema": 99, "models": {}}',
        '{"schema": 1, "models": {"m": {"model": "Unheard"}}}',
        '{"schema": 1, "models": {"m": {"model": "score_clv"}}}',
        '{"schema": 1, "models": {"m": {"model": "BGNBD", "schema": 99}}}',
        '{"schema": 1, "models": {"m": {"model": "BGNBD", "schema": 1, "params": {"r": -1}}}}',
    ],
)
def test_a_file_of_another_kind_is_refused(text, tmp_path):
    path = tmp_path / "m.json"
    path.write_text(text)
    with pytest.raises(cv.InputError):
        cv.load_models(path)


def test_a_missing_file_says_so(tmp_path):
    with pytest.raises(FileNotFoundError):
        cv.load_models(tmp_path / "none.json")
