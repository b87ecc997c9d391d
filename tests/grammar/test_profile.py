"""Profiles: what is missing comes from the default one, what is wrong is named."""

import math

import pytest

import grammar
from grammar import profile


def written(tmp_path, text):
    path = tmp_path / "mine.toml"
    path.write_text(text)
    return str(path)


def test_a_profile_changes_only_what_it_names(tmp_path):
    made = profile.load(written(tmp_path, "[style]\ndocstring = 0.0\n"))
    default = profile.load("default")
    assert made.style["docstring"] == 0.0
    assert made.sizes == default.sizes
    assert made.name == "mine"


def test_a_profile_is_made_again_from_its_text(tmp_path):
    made = profile.load(written(tmp_path, "[style]\ndocstring = 0.25\n[weights]\nadd = 1e-7\n"))
    assert profile.parse(made.text) == made
    assert grammar.load(profile.parse(made.text)).draw(3, 1) == grammar.load(made).draw(3, 1)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[weights\n", "not TOML"),
        ("[weights]\nadd = -1\n", "below 0"),
        ("[weights]\nadd = 'much'\n", "is not a number"),
        ("[weights]\nadd = nan\n", "is not a number"),
        ("[weights]\nno_such_production = 2\n", "no production or group"),
        ("[style]\ndocstring = 2\n", "above 1"),
        ("[style]\nno_such_style = 0.1\n", "has no 'no_such_style'"),
        ("[colour]\nred = 1\n", "section 'colour' is unknown"),
        ("[sizes]\nstatements = [3, 2, 1]\n", "seven growing integers"),
        ("[sizes]\nstatements = [1, 2, 'a', 4, 5, 6, 7]\n", "seven growing integers"),
        ("[sizes]\narguments = [0, 1, 1, 2, 4, 6, 8]\n", "seven growing integers from 1"),
        ("weights = 3\n", "no table"),
        ("[[weights]]\nadd = 1\n", "no table"),
        ("[caps]\ndepth = 2.5\n", "no whole number"),
        ("[dtypes]\nfloat32 = 0\nbfloat16 = 0\nfloat16 = 0\n", "every share in [dtypes] is 0"),
        ("[caps]\nelements = 0\n", "lets no program through"),
        ("[caps]\nlines = 2\n", "lets no program through"),
        ("[caps]\nlines = 10\n", "give fewer statements or more lines"),
        (f"[weights]\nadd = 1{'0' * 400}\n", "is above 1000000000"),
        ("[weights]\nadd = 1e300\n", "is above 1000000000"),
        ("[dtypes]\nfloat64 = 1\n", "has no 'float64'"),
        ("x = " + "[" * 10_000, "not TOML"),
    ],
)
def test_mistakes_are_named(tmp_path, text, said):
    with pytest.raises(grammar.ProfileError) as caught:
        grammar.load(written(tmp_path, text))
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_unknown_profile():
    with pytest.raises(grammar.ProfileError, match="neither a file nor one of"):
        grammar.load("no-such-profile")


@pytest.mark.parametrize("share", [0, 1])
def test_every_style_at_its_extremes(tmp_path, share):
    styles = "".join(f"{style} = {share}\n" for style in profile.load("default").style)
    loaded = grammar.load(written(tmp_path, f"[style]\n{styles}"))
    assert all(loaded.draw(3, index).source for index in range(8))


def test_arguments_keep_to_the_cap(tmp_path):
    loaded = grammar.load(written(tmp_path, "[caps]\nelements = 64\n"))
    for index in range(30):
        assert all(math.prod(leaf.shape) <= 64 for leaf in loaded.draw(3, index).inputs)


def test_profile_in_which_nothing_can_be_joined(tmp_path):
    loaded = grammar.load(written(tmp_path, "[weights]\narithmetic = 0\ncomparison = 0\nspecial = 0\n"))
    with pytest.raises(grammar.GrammarError, match="combines two arrays"):
        loaded.check()
